"""Find the column of each field of an order by its name. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from msgspec import Struct

from portone_async._worded import Worded

from .cells.cell import field_name, fold, quote, quote_list
from .errors import OrdersError
from .exported_findings import column_of, is_findings_file, refuse_findings_sheet

__all__ = ("Columns", "Layout", "find_columns", "matching_fields")

# Names are normalized by `_normalize`. A column with the API's own name for the order number always
# wins; for other fields two matching columns are ambiguous ("amount" may be that of an item, and
# "total" what was paid).
_API_NAME = "merchantuid"
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
_TIER = {
    *("tier", "tiercode", "submerchant", "submerchantcode"),
    *("티어", "티어코드", "하위가맹점", "하위가맹점코드", "하위상점", "하위상점코드"),
}
_ORDERED_AT = {
    *("orderedat", "orderdate", "ordertime", "orderdatetime", "orderedon"),
    *("주문일시", "주문일자", "주문일", "주문날짜", "주문시각", "주문시간"),
}
_KNOWN_NAMES = {
    "merchant_uid": _MERCHANT_UID,
    "amount": _AMOUNT,
    "currency": {"currency", "currencycode", "통화", "통화코드", "결제통화", "화폐"},
    "status": {"status", "paymentstatus", "paystatus", "상태", "결제상태"},
    "cancelled_amount": _CANCELLED_AMOUNT,
    "tier": _TIER,
    "ordered_at": _ORDERED_AT,
}
# The progress of an order or transaction. Of the payment it only reveals that it was refunded.
_ORDER_STATUS = {
    *("orderstatus", "transactionstatus"),
    *("주문상태", "주문처리상태", "주문진행상태", "상품주문상태"),
    *("처리상태", "진행상태", "클레임상태", "거래상태", "거래구분", "승인구분", "매출구분"),
}
_PLAIN_STATUS = "상태"
_MAX_LISTED = 40


class Columns(Struct, frozen=True, kw_only=True):
    """The name of the column of each field; ``None`` to find it by the usual names.

    The usual names are English or Korean. Case, blanks and ``_`` are ignored, unless two names
    differ in nothing else. Two columns that match one field are an error.
    """

    merchant_uid: str | None = None
    amount: str | None = None
    currency: str | None = None
    """Empty for no such column: all orders are in KRW."""
    status: str | None = None
    """Empty for no such column: all orders should be paid.

    With ``None`` and no matching column, orders should be paid unless a column like ``주문상태``
    says that they were cancelled or never paid.
    """
    cancelled_amount: str | None = None
    """The refunded amount of each order. Empty for no such column: nothing was refunded."""
    tier: str | None = ""
    """The sub-merchant of each order. Empty, the default, if it is not read."""
    ordered_at: str | None = ""
    """When each order was made. Empty, the default, if it is not read.

    Partitions need it: then each order, refund and bad row has a :class:`Place`.
    """


class Layout(Struct, frozen=True):
    """The index of each field in a row."""

    merchant_uid: int
    amount: int
    currency: int | None
    status: int | None
    cancelled_amount: int | None = None
    error: int | None = None
    """In exported findings, why a row is not an order; ``None`` for any other source."""
    order_status: tuple[int, ...] = ()
    """Columns about the order instead of its payment.

    Empty if there is a :attr:`status`, unless :attr:`is_plain_status`.
    """
    tier: int | None = None
    ordered_at: int | None = None
    is_plain_status: bool = False
    """Whether :attr:`status` is named just 상태: of the payment, or of the order."""

    @property
    def indexes(self) -> tuple[int, ...]:
        """The indexes of all columns that are read."""
        single = (*self.optional, self.merchant_uid, self.amount)
        return *(index for index in single if index is not None), *self.order_status

    @property
    def optional(self) -> tuple[int | None, ...]:
        """The indexes of the columns that a source may lack."""
        of_order = self.currency, self.status, self.cancelled_amount
        return *of_order, self.error, self.tier, self.ordered_at


def find_columns(columns: Columns, names: Sequence[str]) -> Layout:
    """Find the columns of all fields in a header.

    Args:
        columns: The names to look for.
        names: The names in the header.

    Raises:
        OrdersError: A column is missing or ambiguous, or the header is not of orders.
    """
    refuse_findings_sheet(names)
    merchant_uid = _find_required("merchant_uid", columns.merchant_uid, names)
    amount = _find_required("amount", columns.amount, names)
    status = _find("status", columns.status, names)
    is_plain = status is not None and _normalize(names[status]) == _PLAIN_STATUS
    return Layout(
        merchant_uid,
        amount,
        _find("currency", columns.currency, names),
        status,
        _find("cancelled_amount", columns.cancelled_amount, names),
        list(names).index("error") if is_findings_file(names) else None,
        _find_order_status(columns, names) if status is None or is_plain else (),
        None if columns.tier == "" else _find_required("tier", columns.tier, names),
        None
        if columns.ordered_at == ""
        else _find_required("ordered_at", columns.ordered_at, names),
        is_plain,
    )


def matching_fields(columns: Columns, names: Sequence[str]) -> set[str]:
    """Return the fields that at least one of the names matches."""
    return {
        field
        for field in Columns.__struct_fields__
        if _candidates(field, getattr(columns, field), names)
    }


def _find_required(field: str, wanted: str | None, names: Sequence[str]) -> int:
    index = _find(field, wanted or None, names)
    if index is None:
        raise OrdersError(
            Worded(
                "no column looks like {field}: {hint}; {found}",
                field=field_name(field),
                hint=_hint(field),
                found=_list(names),
            )
        )
    return index


def _find(field: str, wanted: str | None, names: Sequence[str]) -> int | None:
    if wanted == "":
        return None
    indexes = _candidates(field, wanted, names)
    if wanted is not None and not indexes:
        raise OrdersError(
            Worded(
                "there is no column {wanted} for {field}; {found}",
                wanted=quote(wanted),
                field=field_name(field),
                found=_list(names),
            )
        )
    if len(indexes) > 1:
        several = ", ".join(quote(names[index]) for index in indexes)
        raise OrdersError(
            Worded(
                "{field} could be any of {several}: {hint}; {found}",
                field=field_name(field),
                several=several,
                hint=_hint(field),
                found=_list(names),
            )
        )
    return indexes[0] if indexes else None


def _find_order_status(columns: Columns, names: Sequence[str]) -> tuple[int, ...]:
    if columns.status == "" or is_findings_file(names):
        return ()
    return tuple(index for index, name in enumerate(names) if _normalize(name) in _ORDER_STATUS)


def _candidates(field: str, wanted: str | None, names: Sequence[str]) -> list[int]:
    return _match(wanted, names) if wanted else _match_known(field, names)


def _match(wanted: str, names: Sequence[str]) -> list[int]:
    normal = _normalize(wanted)
    return [index for index, name in enumerate(names) if name == wanted] or [
        index for index, name in enumerate(names) if _normalize(name) == normal
    ]


def _match_known(field: str, names: Sequence[str]) -> list[int]:
    if is_findings_file(names):
        return [index for index, name in enumerate(names) if name == column_of(field)]
    normal = [_normalize(name) for name in names]
    indexes = [index for index, name in enumerate(normal) if name in _KNOWN_NAMES[field]]
    return [index for index in indexes if normal[index] == _API_NAME] or indexes


def _normalize(name: str) -> str:
    """Make ``Merchant UID``, ``merchantUid`` and ``merchant_uid`` equal, and ``금액(원)`` ``금액``."""
    name = re.sub(r"[\s_.\-\ufeff]", "", fold(name))
    return re.sub(r"\((원|krw|won)\)$", "", name)


def _hint(field: str) -> str:
    return Worded("name it with --columns {field}=COLUMN", field=field)


def _list(names: Sequence[str]) -> str:
    return Worded("columns found: {names}", names=quote_list(names, _MAX_LISTED))
