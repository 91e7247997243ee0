"""Detect total rows by their labels: 합계, 소계, Total. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from .cell import fold
from .merchant_uid import has_common_form, is_placeholder

__all__ = ("is_total_row",)

# Also 11월 합계, 취소 합계, 전체 합계; Excel labels its own subtotals 요약.
_WORD = (
    ".*(?:합계|총계|소계|누계|총합|총액|부분합|요약)(?:금액|건수)?"
    "|계|총금액|일계|월계|전체|평균|총?건수"
    "|(?:grand|sub|sum)?totals?|sum|totalamount|average"
)
_COUNT = r"총?[0-9,]+(?:건|개|행|rows?|orders?|items?)"
_UNIT = r"[(\[](?:원|krw|won|단위:원)[)\]]"
# 합계, 합계:, 합계(40건), [소계], Total: 40 orders. Not TOTAL-1, which may be an order number.
_LABEL = re.compile(
    rf"[(\[<*#]*(?:{_WORD})[)\]>*:]*"
    rf"(?:[(\[]?{_COUNT}[)\]]?|[(\[][0-9,]+[)\]]|{_UNIT}|(?<=:)[0-9,]+)?:?"
)
_SHORT_NUMBER = re.compile("[0-9]{1,6}")


def is_total_row(cells: Sequence[object], merchant_uid: int) -> bool:
    """Return whether a row has the label of a total.

    Either the label stands in place of the order number, or it stands elsewhere and the order
    number is empty or a count (``40건``). A bare number counts as a count too, if the row begins
    with a Korean label; after ``Total`` it may be a product.

    Args:
        cells: The row.
        merchant_uid: The index of the order number.
    """
    cell = cells[merchant_uid]
    if has_common_form(cell):
        return False
    number = _normalize(cell)
    if is_placeholder(number):
        return any(_is_label(_normalize(other)) for other in cells)
    if _SHORT_NUMBER.fullmatch(number):
        first = next((text for other in cells if (text := _normalize(other))), "")
        return _is_label(first) and not first.isascii()
    return _is_label(number)


def _is_label(text: str) -> bool:
    return _LABEL.fullmatch(text) is not None


def _normalize(cell: object) -> str:
    """Remove the blanks of ``합   계``; return ``?`` for a cell that cannot be a label."""
    if cell is None:
        return ""
    if isinstance(cell, int) and not isinstance(cell, bool):
        return str(cell)
    if not isinstance(cell, str):
        return "?"
    return re.sub(r"\s", "", fold(cell))
