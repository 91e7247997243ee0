"""``server.payments``: payments, one at a time, several at once, and in pages; their refunds.

API: https://developers.portone.io/api/rest-v1/payment
"""

from __future__ import annotations

from portone_async.testing.route import Route

from . import balance, cancel, listing, lookup
from .entry import encode_entries
from .lookup import payment_not_found
from .refunds import Refunds
from .state import Payments

__all__ = ("ROUTES", "Payments", "Refunds", "encode_entries", "payment_not_found")

ROUTES: tuple[Route, ...] = (*lookup.ROUTES, *listing.ROUTES, *cancel.ROUTES, *balance.ROUTES)
