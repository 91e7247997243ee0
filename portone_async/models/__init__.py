"""The Structs of the API, with the fields as PortOne names them. Shared with the fake server.

PortOne adds fields and enum values at any time: unknown ones are in ``raw``, and never an error.
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
