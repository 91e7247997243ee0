"""Charges that are recognized by their order number: sent once, then looked up until they are known.

PortOne has no idempotency key for charges, and that it refuses a ``merchant_uid`` that was charged
before is likely, not documented: only a second charge would show it. So a charge is never sent a
second time after an open outcome.
"""

from __future__ import annotations

from .calls import charge_amount, charge_call, charge_number
from .decisions import DEFAULT_CURRENCY, Charge
from .engine import carry_out

__all__ = (
    "DEFAULT_CURRENCY",
    "Charge",
    "carry_out",
    "charge_amount",
    "charge_call",
    "charge_number",
)
