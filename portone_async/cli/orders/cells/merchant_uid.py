"""Parse an order number (``merchant_uid``). Pure."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import TypeGuard
from uuid import UUID

from portone_async._worded import Worded
from portone_async.call import validate_identifier
from portone_async.errors import InvalidRequestError

from .blanks import strip_blanks
from .cell import BadCellError, EmptyCellError, field_name, quote, type_name, unwrap_formula
from .rounded import is_rounded

__all__ = ("has_common_form", "is_placeholder", "parse_merchant_uid")

# Texts that stand for "nothing" in place of an order number: a dash, the null of a programming
# language, or a count of orders (``총 40건``).
_PLACEHOLDER = re.compile(
    r"-*|[(<]?(?:null|NULL|None|nan|NaN|N/A|undefined|없음)[)>]?"
    r"|[(\[]?총?\s*[0-9,]+\s*(?:건|개|행|(?i:rows?|orders?|items?))[)\]]?"
)
# Nearly all order numbers match. No such text is a placeholder, rounded, or a formula.
_COMMON_FORM = re.compile("[0-9A-Za-z_-]{6,99}[0-9]")


def parse_merchant_uid(cell: object) -> str:
    """Return an order number exactly as it stands, leading zeros and surrounding blanks included.

    Whether a blank is part of it depends on the other orders: see
    :mod:`portone_async.cli.orders.steps.trim_numbers`.

    Raises:
        EmptyCellError: The cell is empty or a placeholder.
        BadCellError: It is rounded, of an unsuitable type, or PortOne rejects its characters.
    """
    if has_common_form(cell):
        return cell
    text = unwrap_formula(_to_text(cell))
    number = strip_blanks(text)
    if not number:
        raise EmptyCellError(Worded("{field} is empty", field=field_name("merchant_uid")))
    if is_placeholder(number):
        raise EmptyCellError(
            Worded("merchant_uid is not an order number: {cell}", cell=quote(text))
        )
    if is_rounded(number):
        raise _rounded_error(text)
    try:
        validate_identifier("merchant_uid", number)
    except InvalidRequestError as error:
        # Without the value after the colon, which may be of any length.
        problem = error.reason.partition(":")[0]
    else:
        return text
    raise BadCellError(Worded("{problem}: {cell}", problem=problem, cell=quote(text)))


def has_common_form(cell: object) -> TypeGuard[str]:
    """Return whether a cell is certainly an order number.

    It saves an ordinary row nearly all checks; ``False`` proves nothing.
    """
    return isinstance(cell, str) and _COMMON_FORM.fullmatch(cell) is not None


def is_placeholder(text: str) -> bool:
    """Return whether a text means that there is no order number."""
    return _PLACEHOLDER.fullmatch(text) is not None


def _to_text(cell: object) -> str:
    if isinstance(cell, str):
        return cell
    if _is_whole(cell) or isinstance(cell, UUID):
        return str(cell)
    if cell is None:
        return ""
    if isinstance(cell, float | Decimal):
        raise _rounded_error(cell)
    raise BadCellError(
        Worded(
            "merchant_uid is {type}, not text or a whole number: {cell}",
            type=type_name(cell),
            cell=quote(cell),
        )
    )


def _is_whole(cell: object) -> bool:
    if isinstance(cell, Decimal):
        return cell.as_tuple().exponent == 0
    return isinstance(cell, int) and not isinstance(cell, bool)


def _rounded_error(cell: object) -> BadCellError:
    return BadCellError(
        Worded(
            "merchant_uid has been rounded by a spreadsheet or another tool: {cell}; "
            "export order numbers as text",
            cell=quote(cell),
        )
    )
