"""``server.charges``: charges without a payment window.

API: https://developers.portone.io/api/rest-v1/nonAuthPayment.subscribe
"""

from __future__ import annotations

from .charging import charge, is_used, order_fields
from .handlers import ROUTES, UNKNOWN_KEY
from .state import Charges

__all__ = ("ROUTES", "UNKNOWN_KEY", "Charges", "charge", "is_used", "order_fields")
