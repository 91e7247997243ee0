"""``server.payments``: payments, one at a time, several at once, and in pages.

API: https://developers.portone.io/api/rest-v1/payment
"""

from __future__ import annotations

from portone_async.testing.route import Route

from . import listing, lookup
from .state import Payments

__all__ = ("ROUTES", "Payments")

ROUTES: tuple[Route, ...] = (*lookup.ROUTES, *listing.ROUTES)
