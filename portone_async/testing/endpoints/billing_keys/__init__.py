"""``server.billing_keys``: billing keys, one at a time and several at once.

API: https://developers.portone.io/api/rest-v1/nonAuthPayment.subscribe.customer
"""

from __future__ import annotations

from .handlers import ROUTES
from .state import BillingKeys

__all__ = ("ROUTES", "BillingKeys")
