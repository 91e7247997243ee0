"""What a cell means: an order number, an amount, a currency, a status. Pure, and never guessing.

The same rules hold for every source. A cell is what its reader gives: text, or a number.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from uuid import UUID

from portone_async.call import check_identifier
from portone_async.errors import InvalidRequestError
from portone_async.models import PaymentStatus

from .blanks import without_blanks
from .rounded import is_rounded

__all__ = (
    "BadCellError",
    "amount_of",
    "currency_of",
    "merchant_uid_of",
    "says_won",
    "shown",
    "status_of",
)

_LONGEST_SHOWN = 60

# ="0001" keeps Excel from reading a number.
_KEPT_AS_TEXT = re.compile(r'="(.*)"', re.DOTALL)

# A backslash is the won sign, too: CP949 has them in one place, and Excel writes it there.
_WON_SIGNS = "₩￦\\"
_AMOUNT = re.compile(
    rf"(?:[{re.escape(_WON_SIGNS)}]\s?)?"
    r"([0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(\.[0-9]+)?"
    r"(?:\s?원)?"
)
_TOO_LARGE = Decimal(10) ** 15
# What a Decimal can add up without rounding.
_MOST_DIGITS = 28
# A decimal of up to 15 digits survives the way into a float and back (DBL_DIG).
_MOST_DIGITS_OF_A_FLOAT = 15

_WON = frozenset({"원", "원화", *_WON_SIGNS})
# What a shop may mean in two ways is left out: 완료 (of what?), 부분취소, 주문취소, 배송완료, …
_STATUSES = {
    PaymentStatus.PAID: "paid 결제완료 결제됨 입금완료",
    PaymentStatus.CANCELLED: "cancelled canceled refunded 취소 취소완료 결제취소 결제취소완료 "
    "전체취소 전액취소 환불 환불완료 전액환불",
    PaymentStatus.READY: "ready unpaid 미결제 미입금 입금대기 결제대기 입금전 결제전",
    PaymentStatus.FAILED: "failed 실패 결제실패",
    PaymentStatus.PENDING: "pending",
}
_STATUS_OF = {word: status.value for status, words in _STATUSES.items() for word in words.split()}


class BadCellError(ValueError):
    """A cell that does not say what it should; the message shows it, escaped and cut."""


def shown(cell: object) -> str:
    """A cell as a message may show it: nothing that a terminal obeys, and not much of it."""
    text = repr((cell if isinstance(cell, str) else str(cell))[: _LONGEST_SHOWN + 1])
    return text if len(text) <= _LONGEST_SHOWN + 2 else f"{text[:_LONGEST_SHOWN]}…{text[0]}"


def merchant_uid_of(cell: object) -> str:
    """Read an order number exactly as it is: with leading zeros, and with blanks around it.

    Whether a blank is part of it depends on the other orders: see :mod:`.trimming`.
    """
    if isinstance(cell, str):
        text = cell
    elif _is_whole(cell) or isinstance(cell, UUID):
        text = str(cell)
    elif cell is None:
        text = ""
    elif isinstance(cell, float | Decimal):
        raise _rounded(cell)
    else:
        raise BadCellError(f"merchant_uid is {_kind(cell)}, which cannot be trusted: {shown(cell)}")
    if kept := text.startswith('="') and _KEPT_AS_TEXT.fullmatch(text):
        text = kept[1].replace('""', '"')
    number = without_blanks(text)
    if not number:
        raise BadCellError("merchant_uid is empty")
    if is_rounded(number):
        raise _rounded(text)
    try:
        check_identifier("merchant_uid", number)
    except InvalidRequestError as error:
        problem = error.reason.partition(":")[0]
    else:
        return text
    raise BadCellError(f"{problem}: {shown(text)}")


def _rounded(cell: object) -> BadCellError:
    return BadCellError(
        f"merchant_uid has been rounded by a spreadsheet or another tool: {shown(cell)}; "
        "export order numbers as text"
    )


def _is_whole(cell: object) -> bool:
    if isinstance(cell, Decimal):
        return cell.as_tuple().exponent == 0
    return isinstance(cell, int) and not isinstance(cell, bool)


def amount_of(cell: object) -> Decimal:
    """The amount to its last digit: ``1000``, ``1,000.50``, ``₩1,000``, ``1,000원``.

    A float is taken when its shortest form has at most 15 digits: then it is what was written
    before a database made a float of it. Otherwise it has been calculated with, or rounded.
    """
    if isinstance(cell, str):
        amount = _amount_in(cell)
    elif isinstance(cell, bool) or not isinstance(cell, int | float | Decimal):
        problem = "is empty" if cell is None else f"is {_kind(cell)}: {shown(cell)}"
        raise BadCellError(f"amount {problem}")
    elif isinstance(cell, float):
        amount = Decimal(repr(cell).removesuffix(".0"))
        if len(amount.as_tuple().digits) > _MOST_DIGITS_OF_A_FLOAT:
            raise BadCellError(f"amount is a float that is not exact: {shown(cell)}")
    else:
        amount = Decimal(cell)
    if not amount.is_finite():
        raise BadCellError(f"amount is no number: {shown(cell)}")
    if amount < 0:
        raise BadCellError(f"amount is negative: {shown(cell)}")
    _, digits, exponent = amount.as_tuple()
    assert isinstance(exponent, int)  # It is finite.
    if amount >= _TOO_LARGE or max(len(digits), -exponent) > _MOST_DIGITS:
        raise BadCellError(f"amount has more digits than any amount: {shown(cell)}")
    # And -0 is 0.
    return (amount.quantize(Decimal(1)) if exponent > 0 else amount).copy_abs()


def _amount_in(cell: str) -> Decimal:
    text = cell.strip()
    if kept := text.startswith('="') and _KEPT_AS_TEXT.fullmatch(text):
        text = kept[1].strip()
    if found := _AMOUNT.fullmatch(text):
        return Decimal(found[1].replace(",", "") + (found[2] or ""))
    if not text:
        raise BadCellError("amount is empty")
    if text.startswith("-") and _AMOUNT.fullmatch(text[1:]):
        raise BadCellError(f"amount is negative: {shown(cell)}")
    raise BadCellError(f"amount is no plain number: {shown(cell)}")


def says_won(cell: object) -> bool:
    """Whether an amount itself says that it is in won."""
    return isinstance(cell, str) and any(sign in cell for sign in (*_WON_SIGNS, "원"))


def currency_of(cell: object) -> str:
    """The currency in ISO 4217's three letters; KRW where there is none, as in PortOne's API."""
    if cell is None:
        return "KRW"
    if not isinstance(cell, str):
        raise BadCellError(f"currency is {_kind(cell)}: {shown(cell)}")
    return _currency_in(cell)


@lru_cache(maxsize=64)
def _currency_in(cell: str) -> str:
    text = cell.strip().upper()
    if not text or text in _WON:
        return "KRW"
    if not re.fullmatch("[A-Z]{3}", text):
        raise BadCellError(f"currency is not of three letters: {shown(cell)}")
    return text


def status_of(cell: object) -> str:
    """The status in PortOne's words. One that is empty says nothing, not ``paid``."""
    if cell is None:
        raise BadCellError("status is empty")
    if not isinstance(cell, str):
        raise BadCellError(f"status is {_kind(cell)}: {shown(cell)}")
    return _status_in(cell)


@lru_cache(maxsize=64)
def _status_in(cell: str) -> str:
    word = re.sub(r"[\s_]", "", cell).casefold()
    if not word:
        raise BadCellError("status is empty")
    try:
        return _STATUS_OF[word]
    except KeyError:
        known = ", ".join(PaymentStatus)
    raise BadCellError(f"status is none of {known}, nor plainly one of them: {shown(cell)}")


def _kind(cell: object) -> str:
    return f"of type {type(cell).__name__.lstrip('_')}"
