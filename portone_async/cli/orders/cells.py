"""Read an order number from a cell, and say what is wrong with a cell. Pure.

The same rules hold for every source. A cell is what its reader gives: text, or a number.
"""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TypeGuard
from uuid import UUID

from portone_async.call import check_identifier
from portone_async.errors import InvalidRequestError

from .blanks import without_blanks
from .rounded import is_rounded

__all__ = (
    "BadCellError",
    "EmptyCellError",
    "is_no_number",
    "is_ordinary",
    "kind_of",
    "merchant_uid_of",
    "shown",
    "without_formula",
)

_LONGEST_SHOWN = 60

# Texts for "nothing" where an order number should be: a dash, the null of a language that
# was written as text, or a count of orders (``총 40건``).
_NO_NUMBER = re.compile(
    r"-*|[(<]?(?:null|NULL|None|nan|NaN|N/A|undefined|없음)[)>]?"
    r"|[(\[]?총?\s*[0-9,]+\s*(?:건|개|행|(?i:rows?|orders?|items?))[)\]]?"
)
# Nearly all order numbers look so. No such text is a placeholder, rounded, or a formula.
_ORDINARY = re.compile("[0-9A-Za-z_-]{6,99}[0-9]")
_KEPT_AS_TEXT = re.compile(r'="(.*)"', re.DOTALL)


class BadCellError(ValueError):
    """A cell that does not say what it should; the message shows it, escaped and cut."""


class EmptyCellError(BadCellError):
    """A required cell is empty."""


def shown(cell: object) -> str:
    """A cell as a message may show it: nothing that a terminal obeys, and not much of it."""
    text = repr((cell if isinstance(cell, str) else str(cell))[: _LONGEST_SHOWN + 1])
    return text if len(text) <= _LONGEST_SHOWN + 2 else f"{text[:_LONGEST_SHOWN]}…{text[0]}"


def without_formula(text: str) -> str:
    """Take off the formula that keeps Excel from reading a number: ``="0001"`` is ``0001``."""
    kept = _KEPT_AS_TEXT.fullmatch(text) if text.startswith('="') else None
    return kept[1].replace('""', '"') if kept else text


def merchant_uid_of(cell: object) -> str:
    """Read an order number exactly as it is: with leading zeros, and with blanks around it.

    Whether a blank is part of it depends on the other orders: see :mod:`.trimming`.
    """
    if is_ordinary(cell):
        return cell
    text = without_formula(_text_of(cell))
    number = without_blanks(text)
    if not number:
        raise EmptyCellError("merchant_uid is empty")
    if is_no_number(number):
        raise EmptyCellError(f"merchant_uid is no order number: {shown(text)}")
    if is_rounded(number):
        raise _rounded(text)
    try:
        check_identifier("merchant_uid", number)
    except InvalidRequestError as error:
        problem = error.reason.partition(":")[0]
    else:
        return text
    raise BadCellError(f"{problem}: {shown(text)}")


def _text_of(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    if _is_whole(cell) or isinstance(cell, UUID):
        return str(cell)
    if cell is None:
        return ""
    if isinstance(cell, float | Decimal):
        raise _rounded(cell)
    raise BadCellError(f"merchant_uid is {kind_of(cell)}, which cannot be trusted: {shown(cell)}")


def is_ordinary(cell: object) -> TypeGuard[str]:
    """Tell whether a cell is plainly an order number; of one that is not, others must judge.

    It saves an ordinary row nearly all of the checks of its number.
    """
    return isinstance(cell, str) and _ORDINARY.fullmatch(cell) is not None


def is_no_number(text: str) -> bool:
    """Tell whether a text in place of an order number says that there is none."""
    return _NO_NUMBER.fullmatch(text) is not None


def _rounded(cell: object) -> BadCellError:
    return BadCellError(
        f"merchant_uid has been rounded by a spreadsheet or another tool: {shown(cell)}; "
        "export order numbers as text"
    )


def _is_whole(cell: object) -> bool:
    if isinstance(cell, Decimal):
        return cell.as_tuple().exponent == 0
    return isinstance(cell, int) and not isinstance(cell, bool)


def kind_of(cell: object) -> str:
    """Name the type of a cell that should have another."""
    return f"of type {type(cell).__name__.lstrip('_')}"
