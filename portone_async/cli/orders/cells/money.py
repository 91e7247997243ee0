"""Parse amounts and currencies. Pure and exact; an ambiguous cell is an error."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from portone_async._worded import Worded

from .cell import BadCellError, field_name, quote, unwrap_formula, wrong_type

__all__ = ("is_in_won", "parse_amount", "parse_currency", "parse_refunded_amount")

# A backslash is a won sign, too: CP949 has both at one code point, and Excel writes it.
_WON_SIGNS = "₩￦\\"
_WON_SIGN = rf"[{re.escape(_WON_SIGNS)}]"
_MINUS = "[-\N{MINUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}△▲]"
_AMOUNT = re.compile(
    rf"(?:{_WON_SIGN}\s?)?"
    r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(\.[0-9]+)?"
    r"(?:\s?원)?"
)
_NEGATIVE = re.compile(rf"\((.+)\)|{_MINUS}\s?(.+)|({_WON_SIGN})\s?{_MINUS}\s?(.+)")
_MAX_WHOLE_DIGITS = 15
_TOO_LARGE = Decimal(10) ** _MAX_WHOLE_DIGITS
# The precision of Decimal's default context.
_MAX_DIGITS = 28
# A decimal of up to 15 digits survives the way into a float and back (DBL_DIG).
_MAX_FLOAT_DIGITS = 15

_WON = frozenset({"원", "원화", *_WON_SIGNS})
# A spreadsheet's accounting format displays 0 as a dash.
_NO_REFUND = frozenset({"", "-"})


def parse_amount(cell: object) -> Decimal:
    """Parse an amount exactly: ``1000``, ``1,000.50``, ``₩1,000``, ``1,000원``.

    ``-1,000``, ``-₩1,000``, ``₩-1,000``, ``(1,000)`` and ``△1,000`` are negative. A minus at the
    end is rejected: in Korea ``1,000-`` only marks the end of an amount, elsewhere it is negative.

    A float is accepted if its shortest form has at most 15 digits: then it equals the decimal
    that a database stored as a float. A longer one has been rounded or calculated with.

    Raises:
        BadCellError: The cell is empty or not an amount.
    """
    return _parse("amount", cell)


def parse_refunded_amount(cell: object) -> Decimal:
    """Parse a refunded amount: 0 for an empty cell. Some exports write it with a minus.

    Raises:
        BadCellError: The cell is not an amount.
    """
    if cell is None or (isinstance(cell, str) and cell.strip() in _NO_REFUND):
        return Decimal(0)
    try:
        return _parse("cancelled_amount", cell).copy_abs()
    except BadCellError as error:
        raise BadCellError(
            Worded("{error}; --columns cancelled_amount= ignores that column", error=error.reason)
        ) from None


def _parse(field: str, cell: object) -> Decimal:
    if isinstance(cell, str):
        if cell.isascii() and cell.isdigit() and len(cell) <= _MAX_WHOLE_DIGITS:
            return Decimal(cell)  # The common case, without the checks below.
        amount = _parse_text(field, cell)
    else:
        amount = _parse_number(field, cell)
    if not amount.is_finite():
        raise BadCellError(
            Worded("{field} is not a number: {cell}", field=field_name(field), cell=quote(cell))
        )
    _, digits, exponent = amount.as_tuple()
    assert isinstance(exponent, int)  # It is finite.
    if amount.copy_abs() >= _TOO_LARGE or max(len(digits), -exponent) > _MAX_DIGITS:
        raise BadCellError(
            Worded(
                "{field} has more digits than any amount: {cell}",
                field=field_name(field),
                cell=quote(cell),
            )
        )
    if exponent > 0:
        amount = amount.quantize(Decimal(1))  # Turn 1E+3 into 1000.
    return amount or amount.copy_abs()  # Turn -0 into 0.


def _parse_number(field: str, cell: object) -> Decimal:
    if isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
        raise _empty(field) if cell is None else BadCellError(wrong_type(field, cell))
    if not isinstance(cell, float):
        return Decimal(cell)
    # `repr` adds ".0" to a whole float; these are not digits of the amount.
    amount = Decimal(repr(cell).removesuffix(".0"))
    if len(amount.as_tuple().digits) > _MAX_FLOAT_DIGITS:
        raise BadCellError(
            Worded(
                "{field} is a float that is not exact: {cell}",
                field=field_name(field),
                cell=quote(cell),
            )
        )
    return amount


def _parse_text(field: str, cell: str) -> Decimal:
    text = unwrap_formula(cell.strip()).strip()
    if match := _AMOUNT.fullmatch(text):
        return _to_decimal(match)
    if not text:
        raise _empty(field)
    if negative := _NEGATIVE.fullmatch(text):
        unsigned = "".join(part for part in negative.groups() if part)
        if match := _AMOUNT.fullmatch(unsigned):
            return _to_decimal(match).copy_negate()
    raise BadCellError(
        Worded("{field} is not a plain number: {cell}", field=field_name(field), cell=quote(cell))
    )


def _empty(field: str) -> BadCellError:
    return BadCellError(Worded("{field} is empty", field=field_name(field)))


def _to_decimal(match: re.Match[str]) -> Decimal:
    whole, fraction = match[1].replace(",", ""), match[2] or ""
    return Decimal(whole + fraction)


def is_in_won(cell: object) -> bool:
    """Return whether an amount is written with a won sign or ``원``."""
    return isinstance(cell, str) and any(sign in cell for sign in (*_WON_SIGNS, "원"))


def parse_currency(cell: object) -> str:
    """Return the ISO 4217 code of a currency; KRW for an empty cell, as in PortOne's API.

    Raises:
        BadCellError: The cell is not a three-letter code or a name of the won.
    """
    if cell is None:
        return "KRW"
    if not isinstance(cell, str):
        raise BadCellError(wrong_type("currency", cell))
    return _parse_currency_text(cell)


@lru_cache(maxsize=64)
def _parse_currency_text(cell: str) -> str:
    text = cell.strip().upper()
    if not text or text in _WON:
        return "KRW"
    if not re.fullmatch("[A-Z]{3}", text):
        raise BadCellError(Worded("currency is not a three-letter code: {cell}", cell=quote(cell)))
    return text
