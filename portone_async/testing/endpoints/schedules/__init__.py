"""``server.schedules``: charges of billing keys at a time in the future.

API: https://developers.portone.io/api/rest-v1/nonAuthPayment.subscribe.payment
"""

from __future__ import annotations

from . import booking, lookup
from .state import Schedules

__all__ = ("ROUTES", "Schedules")

ROUTES = (*lookup.ROUTES, *booking.ROUTES)
