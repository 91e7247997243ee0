"""Which column of a source is which field of an order."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from msgspec import Struct

from .cells import shown
from .errors import OrdersError
from .own_findings import are_findings, name_of

__all__ = ("Columns", "Places", "fields_named", "locate")

# As `_plain` makes them. The API's own word for the order number is never doubted; elsewhere two
# that fit are a question ("amount" may be that of an item, and "total" the one that was paid).
_OWN_WORD = "merchantuid"
_MERCHANT_UID = {
    *("merchantuid", "orderid", "orderno", "ordernum", "ordernumber"),
    *("주문번호", "상점주문번호", "가맹점주문번호", "주문id", "주문no"),
}
_AMOUNT = {
    *("amount", "total", "totalamount", "totalprice", "price"),
    *("paidamount", "paymentamount", "orderamount"),
    *("금액", "결제금액", "결제액", "실결제금액", "총결제금액", "주문금액", "총금액", "총주문금액"),
}
_CANCELLED_AMOUNT = {
    *("cancelledamount", "canceledamount", "cancelamount", "refundedamount", "refundamount"),
    *("취소금액", "취소액", "결제취소금액", "총취소금액", "누적취소금액", "부분취소금액"),
    *("환불금액", "환불액", "총환불금액", "누적환불금액", "부분환불금액", "실환불금액"),
}
_GUESSES = {
    "merchant_uid": _MERCHANT_UID,
    "amount": _AMOUNT,
    "currency": {"currency", "currencycode", "통화", "통화코드", "결제통화", "화폐"},
    "status": {"status", "paymentstatus", "paystatus", "상태", "결제상태"},
    "cancelled_amount": _CANCELLED_AMOUNT,
}
# They say how far an order or a transaction has come: of its payment, only whether it was refunded.
_ORDER_STATUS = {
    *(
        "orderstatus",
        "transactionstatus",
        "주문상태",
        "주문처리상태",
        "주문진행상태",
        "상품주문상태",
    ),
    *("처리상태", "진행상태", "클레임상태", "거래상태", "거래구분", "승인구분", "매출구분"),
}
_MOST_LISTED = 40


class Columns(Struct, frozen=True, kw_only=True):
    """The names of the columns; ``None`` to guess by the usual English and Korean ones.

    Case, blanks and ``_`` do not matter, unless two names differ in them only. A guess that fits
    two columns is refused.
    """

    merchant_uid: str | None = None
    amount: str | None = None
    currency: str | None = None
    """Empty for no such column: all orders are in KRW."""
    status: str | None = None
    """Empty for no such column: all orders should be paid.

    Where it is ``None`` and there is none, orders should be paid unless a column like ``주문상태``
    says that they were cancelled or never paid.
    """
    cancelled_amount: str | None = None
    """What was refunded of each order. Empty for no such column: nothing was."""


class Places(Struct, frozen=True):
    """Where in a row the fields are."""

    merchant_uid: int
    amount: int
    currency: int | None
    status: int | None
    cancelled_amount: int | None = None
    error: int | None = None
    """In findings of ours, why a row is no order; ``None`` in anything else."""
    order_status: tuple[int, ...] = ()
    """Columns on the order rather than its payment, where there is no :attr:`status`."""

    @property
    def all(self) -> tuple[int, ...]:
        """All columns that are read."""
        single = (*self.optional, self.merchant_uid, self.amount)
        return *(place for place in single if place is not None), *self.order_status

    @property
    def optional(self) -> tuple[int | None, ...]:
        """The columns that a source may lack."""
        return self.currency, self.status, self.cancelled_amount, self.error


def locate(columns: Columns, found: Sequence[str]) -> Places:
    """Find the columns among the names of those that there are.

    Raises:
        OrdersError: One is missing, or could be several.
    """
    return Places(
        _required("merchant_uid", columns.merchant_uid, found),
        _required("amount", columns.amount, found),
        _place("currency", columns.currency, found),
        _place("status", columns.status, found),
        _place("cancelled_amount", columns.cancelled_amount, found),
        list(found).index("error") if are_findings(found) else None,
        _order_status(columns, found),
    )


def fields_named(columns: Columns, found: Sequence[str]) -> set[str]:
    """The fields that one or more of the names could be."""
    return {
        field
        for field in Columns.__struct_fields__
        if _candidates(field, getattr(columns, field), found)
    }


def _candidates(field: str, name: str | None, found: Sequence[str]) -> list[int]:
    return _called(name, found) if name else _guessed(field, found)


def _required(field: str, name: str | None, found: Sequence[str]) -> int:
    place = _place(field, name or None, found)
    if place is None:
        raise OrdersError(f"no column looks like {field}: {_way_on(field)}; {_listed(found)}")
    return place


def _place(field: str, name: str | None, found: Sequence[str]) -> int | None:
    if name == "":
        return None
    places = _candidates(field, name, found)
    if name is not None and not places:
        raise OrdersError(f"there is no column {shown(name)} for {field}; {_listed(found)}")
    if len(places) > 1:
        several = ", ".join(shown(found[place]) for place in places)
        raise OrdersError(f"{field} could be any of {several}: {_way_on(field)}; {_listed(found)}")
    return places[0] if places else None


def _order_status(columns: Columns, found: Sequence[str]) -> tuple[int, ...]:
    if columns.status is not None or are_findings(found) or _guessed("status", found):
        return ()
    return tuple(place for place, name in enumerate(found) if _plain(name) in _ORDER_STATUS)


def _way_on(field: str) -> str:
    return f"say which it is with --columns {field}=COLUMN"


def _called(name: str, found: Sequence[str]) -> list[int]:
    plain = _plain(name)
    return [place for place, each in enumerate(found) if each == name] or [
        place for place, each in enumerate(found) if _plain(each) == plain
    ]


def _guessed(field: str, found: Sequence[str]) -> list[int]:
    if are_findings(found):
        return [place for place, name in enumerate(found) if name == name_of(field)]
    fitting = [(place, _plain(each)) for place, each in enumerate(found)]
    fitting = [(place, plain) for place, plain in fitting if plain in _GUESSES[field]]
    own = [place for place, plain in fitting if plain == _OWN_WORD]
    return own or [place for place, _ in fitting]


def _plain(name: str) -> str:
    """``Merchant UID``, ``merchantUid`` and ``merchant_uid`` are one; so is ``금액(원)`` ``금액``."""
    # NFKC puts together what macOS takes apart: Hangul syllables.
    name = unicodedata.normalize("NFKC", name).casefold()
    name = re.sub(r"[\s_.\-\ufeff]", "", name)
    return re.sub(r"\((원|krw|won)\)$", "", name)


def _listed(found: Sequence[str]) -> str:
    names = [shown(name) for name in found[:_MOST_LISTED]]
    more = len(found) - len(names)
    return f"columns found: {', '.join(names)}{f' and {more} more' if more else ''}"
