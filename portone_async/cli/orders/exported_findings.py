"""Recognize a findings file that ``--out`` has written, and read its orders back.

Formats: .csv, .jsonl and .parquet. A workbook has other columns and a row for each payment: it
is recognized, and refused. In the other files ``amount`` belongs to the payment, and
``order_amount`` to the order. Some rows are not orders: payments without an order, and rows of the
original source that could not be read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import cast

from portone_async.cli.escape import escape
from portone_async.cli.report.messages import LANGUAGES, messages

from .errors import OrdersError

__all__ = (
    "column_of",
    "flatten",
    "is_findings_file",
    "previous_error",
    "refuse_findings_sheet",
    "strip_trailing_zeros",
)

_COLUMNS = {"merchant_uid", "verdict", "order_amount", "error"}
_COLUMN_OF_FIELD = {
    "amount": "order_amount",
    "currency": "order_currency",
    "status": "order_status",
    "cancelled_amount": "order_cancelled_amount",
}
_TITLES = ("table.verdict", "workbook.reason", "workbook.order_amount", "workbook.amount")
"""Columns of a sheet of findings, in the language of the report."""
_JSON_MEMBERS = {"merchant_uid", "verdict", "order", "payments", "error"}
_MAX_ERROR_LENGTH = 300


def is_findings_file(names: Sequence[str]) -> bool:
    """Return whether a file with columns of these names is an exported findings file."""
    return _COLUMNS.issubset(names)


def refuse_findings_sheet(names: Iterable[object]) -> None:
    """Reject the header of a sheet of a workbook that ``--out`` has written.

    It names the amount of the payment as well: read in place of that of the order, a payment would
    agree with itself.

    Raises:
        OrdersError: It is one.
    """
    known = {*names}
    if any(known.issuperset(map(messages(language).get, _TITLES)) for language in LANGUAGES):
        raise OrdersError(
            "has findings that --out has written, with a row for each payment, and no orders: "
            "use the original orders, or findings that were written as .csv, .jsonl or .parquet"
        )


def column_of(field: str) -> str:
    """Return the name of the column for a field of the order."""
    return _COLUMN_OF_FIELD.get(field, field)


def strip_trailing_zeros(cells: Iterable[object]) -> list[object]:
    """Remove the trailing zeros of amounts: Parquet stores nine decimals of every amount."""
    return [cell.normalize() if isinstance(cell, Decimal) else cell for cell in cells]


def flatten(members: Sequence[tuple[str, object]]) -> Sequence[tuple[str, object]]:
    """Replace the nested ``order`` of a JSON finding by members named like the columns of a CSV."""
    if not _JSON_MEMBERS.issubset(name for name, _ in members):
        return members
    flat: list[tuple[str, object]] = []
    for name, value in members:
        if name != "order":
            flat.append((name, value))
        elif isinstance(value, tuple):
            order = cast("tuple[tuple[str, object], ...]", value)
            flat += ((column_of(field), cell) for field, cell in order if field in _COLUMN_OF_FIELD)
        else:
            flat += ((column, None) for column in _COLUMN_OF_FIELD.values())
    return flat


def previous_error(cell: object) -> str:
    """Return why the row could not be read the first time; empty for a payment without order."""
    return escape(str(cell or ""))[:_MAX_ERROR_LENGTH]
