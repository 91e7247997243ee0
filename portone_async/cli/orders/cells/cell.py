"""Helpers of all cell parsers: errors, quoting, folding, Excel's formulas."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from portone_async._worded import Worded

__all__ = (
    "BadCellError",
    "EmptyCellError",
    "field_name",
    "fold",
    "quote",
    "quote_list",
    "type_name",
    "unwrap_formula",
    "wrong_type",
)

_MAX_PRINTED = 60
_FIELDS = {
    str(field): field
    for field in (
        Worded("merchant_uid"),
        Worded("amount"),
        Worded("currency"),
        Worded("status"),
        Worded("cancelled_amount"),
        Worded("tier"),
        Worded("ordered_at"),
    )
}
_FORMULA = re.compile(r'="(.*)"', re.DOTALL)


class BadCellError(ValueError):
    """A cell has an unusable value; the message quotes it, escaped and shortened."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        """The message; unlike ``str()`` it keeps a sentence that can be translated."""


class EmptyCellError(BadCellError):
    """A required cell is empty."""


def quote(cell: object) -> str:
    """Quote a cell for a message: without control characters, and at most 60 characters of it."""
    text = repr((cell if isinstance(cell, str) else str(cell))[: _MAX_PRINTED + 1])
    return text if len(text) <= _MAX_PRINTED + 2 else f"{text[:_MAX_PRINTED]}…{text[0]}"


def quote_list(texts: Sequence[str], max_quoted: int) -> str:
    """Quote the first texts of a list, and count the others: ``'a', 'b' and 3 more``."""
    quoted = ", ".join(map(quote, texts[:max_quoted]))
    more = len(texts) - max_quoted
    return Worded("{quoted} and {n} more", quoted=quoted, n=more) if more > 0 else quoted


def field_name(field: str) -> str:
    """Return the name of a field for a message: Korean messages explain it."""
    return _FIELDS[field]


def fold(text: str) -> str:
    """Make spellings equal that differ in case, width or the composition of Hangul."""
    # macOS decomposes Hangul syllables; NFKC composes them.
    return unicodedata.normalize("NFKC", text).casefold()


def type_name(cell: object) -> str:
    """Describe the type of a cell that should have another type."""
    # The class of a JSON object is private: `_Object`.
    return Worded("of type {name}", name=type(cell).__name__.lstrip("_"))


def wrong_type(field: str, cell: object) -> str:
    """Return the message about a cell of another type than its field should have."""
    return Worded(
        "{field} is {type}: {cell}",
        field=field_name(field),
        type=type_name(cell),
        cell=quote(cell),
    )


def unwrap_formula(text: str) -> str:
    """Remove the formula that keeps Excel from parsing a number: ``="0001"`` becomes ``0001``."""
    formula = _FORMULA.fullmatch(text) if text.startswith('="') else None
    return formula[1].replace('""', '"') if formula else text
