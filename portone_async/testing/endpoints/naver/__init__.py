"""``server.naver``: the product orders, reviews and points of Naver Pay.

API: https://developers.portone.io/api/rest-v1/naver
"""

from __future__ import annotations

from portone_async.testing.route import Route

from . import orders, others
from .state import Naver

__all__ = ("ROUTES", "Naver")

ROUTES: tuple[Route, ...] = (*orders.ROUTES, *others.ROUTES)
