"""The Structs that travel on the wire, as PortOne names their fields. Shared with the fake server.

PortOne adds fields and enum values at any time: unknown ones are kept in ``raw`` and never an error.
"""

from ._record import Record, ResponseRecord
from ._unreadable import UnreadableRecord
from .lookups import Failed, Found, Group, Missing
from .payments import (
    Cancellation,
    Deposit,
    Payment,
    PaymentStatus,
    PaymentStatusLike,
    Promotion,
    Sorting,
    SortingLike,
    UnreadablePayment,
)

__all__ = (
    "Cancellation",
    "Deposit",
    "Failed",
    "Found",
    "Group",
    "Missing",
    "Payment",
    "PaymentStatus",
    "PaymentStatusLike",
    "Promotion",
    "Record",
    "ResponseRecord",
    "Sorting",
    "SortingLike",
    "UnreadablePayment",
    "UnreadableRecord",
)
