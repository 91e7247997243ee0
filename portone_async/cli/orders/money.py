"""Read an amount and a currency from a cell. Pure, exact, and never guessing."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from .cells import BadCellError, kind_of, shown, without_formula

__all__ = ("amount_of", "currency_of", "refunded_amount_of", "says_won")

# A backslash is the won sign, too: CP949 has them in one place, and Excel writes it there.
_WON_SIGNS = "₩￦\\"
_WON_SIGN = rf"[{re.escape(_WON_SIGNS)}]"
_MINUS = "[-\N{MINUS SIGN}\N{FULLWIDTH HYPHEN-MINUS}△▲]"
_AMOUNT = re.compile(
    rf"(?:{_WON_SIGN}\s?)?"
    r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(\.[0-9]+)?"
    r"(?:\s?원)?"
)
_NEGATIVE = re.compile(rf"\((.+)\)|{_MINUS}\s?(.+)|({_WON_SIGN})\s?{_MINUS}\s?(.+)")
_FEW_DIGITS = 15
_TOO_LARGE = Decimal(10) ** _FEW_DIGITS
# What a Decimal can add up without rounding.
_MOST_DIGITS = 28
# A decimal of up to 15 digits survives the way into a float and back (DBL_DIG).
_MOST_DIGITS_OF_A_FLOAT = 15

_WON = frozenset({"원", "원화", *_WON_SIGNS})
# The dash is how a spreadsheet's accounting format shows 0.
_NO_REFUND = frozenset({"", "-"})


def amount_of(cell: object) -> Decimal:
    """Read an amount to its last digit: ``1000``, ``1,000.50``, ``₩1,000``, ``1,000원``.

    It is negative for ``-1,000``, ``-₩1,000``, ``₩-1,000``, ``(1,000)`` and ``△1,000``. A minus
    at the end is refused: in Korea ``1,000-`` closes an amount, elsewhere it is negative.

    A float is taken when its shortest form has at most 15 digits: then it is what was written
    before a database made a float of it. Otherwise it has been calculated with, or rounded.
    """
    return _amount("amount", cell)


def refunded_amount_of(cell: object) -> Decimal:
    """Read how much was refunded: 0 for an empty cell. Some exports write it with a minus."""
    if cell is None or (isinstance(cell, str) and cell.strip() in _NO_REFUND):
        return Decimal(0)
    try:
        return _amount("cancelled_amount", cell).copy_abs()
    except BadCellError as error:
        raise BadCellError(f"{error}; --columns cancelled_amount= ignores that column") from None


def _amount(field: str, cell: object) -> Decimal:
    if isinstance(cell, str) and cell.isascii() and cell.isdigit() and len(cell) <= _FEW_DIGITS:
        return Decimal(cell)  # As most are: this saves them the rest.
    if isinstance(cell, str):
        amount = _amount_in(field, cell)
    elif isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
        problem = "is empty" if cell is None else f"is {kind_of(cell)}: {shown(cell)}"
        raise BadCellError(f"{field} {problem}")
    elif isinstance(cell, float):
        amount = Decimal(repr(cell).removesuffix(".0"))
        if len(amount.as_tuple().digits) > _MOST_DIGITS_OF_A_FLOAT:
            raise BadCellError(f"{field} is a float that is not exact: {shown(cell)}")
    else:
        amount = Decimal(cell)
    if not amount.is_finite():
        raise BadCellError(f"{field} is no number: {shown(cell)}")
    _, digits, exponent = amount.as_tuple()
    assert isinstance(exponent, int)  # It is finite.
    if amount.copy_abs() >= _TOO_LARGE or max(len(digits), -exponent) > _MOST_DIGITS:
        raise BadCellError(f"{field} has more digits than any amount: {shown(cell)}")
    if exponent > 0:
        amount = amount.quantize(Decimal(1))
    # -0 is 0.
    return amount or amount.copy_abs()


def _amount_in(field: str, cell: str) -> Decimal:
    text = without_formula(cell.strip()).strip()
    if found := _AMOUNT.fullmatch(text):
        return Decimal(found[1].replace(",", "") + (found[2] or ""))
    if not text:
        raise BadCellError(f"{field} is empty")
    if negative := _NEGATIVE.fullmatch(text):
        unsigned = "".join(part for part in negative.groups() if part)
        if found := _AMOUNT.fullmatch(unsigned):
            return Decimal(f"-{found[1].replace(',', '')}{found[2] or ''}")
    raise BadCellError(f"{field} is no plain number: {shown(cell)}")


def says_won(cell: object) -> bool:
    """Whether an amount itself says that it is in won."""
    return isinstance(cell, str) and any(sign in cell for sign in (*_WON_SIGNS, "원"))


def currency_of(cell: object) -> str:
    """The currency in ISO 4217's three letters; KRW where there is none, as in PortOne's API."""
    if cell is None:
        return "KRW"
    if not isinstance(cell, str):
        raise BadCellError(f"currency is {kind_of(cell)}: {shown(cell)}")
    return _currency_in(cell)


@lru_cache(maxsize=64)
def _currency_in(cell: str) -> str:
    text = cell.strip().upper()
    if not text or text in _WON:
        return "KRW"
    if not re.fullmatch("[A-Z]{3}", text):
        raise BadCellError(f"currency is not of three letters: {shown(cell)}")
    return text
