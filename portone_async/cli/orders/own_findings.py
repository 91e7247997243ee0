"""Read back the orders of findings that ``--out`` has written, as .csv, .jsonl or .parquet.

There ``amount`` is the payment's, and ``order_amount`` the order's. A payment without an order is
a row as well, and so is a row that could not be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import cast

from portone_async.cli.escape import escaped

__all__ = (
    "are_findings",
    "error_of",
    "flattened",
    "name_of",
    "without_zeros",
)

_MARKS = {"merchant_uid", "verdict", "order_amount", "error"}
_NAMES = {
    "amount": "order_amount",
    "currency": "order_currency",
    "status": "order_status",
    "cancelled_amount": "order_cancelled_amount",
}
_MEMBERS = {"merchant_uid", "verdict", "order", "payments", "error"}
_LONGEST_ERROR = 300


def are_findings(names: Sequence[str]) -> bool:
    """Whether a file with columns of these names is one of ours."""
    return _MARKS.issubset(names)


def name_of(field: str) -> str:
    """The column that has a field of the order."""
    return _NAMES.get(field, field)


def without_zeros(cells: Iterable[object]) -> list[object]:
    """Take off the zeros behind an amount: in Parquet each has nine decimals."""
    return [cell.normalize() if isinstance(cell, Decimal) else cell for cell in cells]


def flattened(members: Sequence[tuple[str, object]]) -> Sequence[tuple[str, object]]:
    """Give the members of a finding in JSON the names that they have as columns."""
    if not _MEMBERS.issubset(name for name, _ in members):
        return members
    flat: list[tuple[str, object]] = []
    for name, value in members:
        if name != "order":
            flat.append((name, value))
        elif isinstance(value, tuple):
            order = cast("tuple[tuple[str, object], ...]", value)
            flat += ((name_of(field), each) for field, each in order if field in _NAMES)
        else:
            flat += ((column, None) for column in _NAMES.values())
    return flat


def error_of(cell: object) -> str:
    """Why the row could not be read the first time; empty for a payment without an order."""
    return escaped(str(cell or ""))[:_LONGEST_ERROR]
