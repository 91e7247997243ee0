"""The Structs that travel on the wire, as PortOne names their fields. Shared with the fake server.

PortOne adds fields and enum values at any time: unknown ones are kept in ``raw`` and never an error.
"""

from ._record import Record, ResponseRecord
from ._unreadable import UnreadableRecord
from .payments import (
    Cancellation,
    Deposit,
    Payment,
    PaymentStatus,
    Promotion,
    Sorting,
    UnreadablePayment,
)

__all__ = (
    "Cancellation",
    "Deposit",
    "Payment",
    "PaymentStatus",
    "Promotion",
    "Record",
    "ResponseRecord",
    "Sorting",
    "UnreadablePayment",
    "UnreadableRecord",
)
