"""Translate the status words of shops, malls and payment systems into PortOne's. Pure.

Only unambiguous words are accepted. Words with several meanings, such as 완료 (which step is
complete?) and 환불요청 (refunded yet?), are rejected. So are a mall's words for the order and its
delivery: 구매확정 (purchase confirmed) does not mean that the order was paid.
"""

from __future__ import annotations

import re
from functools import lru_cache

from portone_async._worded import Worded
from portone_async.models import PaymentStatus
from portone_async.resources.payments._words import canonical

from .cell import BadCellError, field_name, fold, quote, wrong_type

__all__ = ("PARTIALLY_CANCELLED", "is_delivery", "parse_order_status", "parse_status")

PARTIALLY_CANCELLED = "partially_cancelled"
"""Not a status of PortOne, which has ``cancelled`` with the cancelled amount instead."""

_WORDS = {
    PaymentStatus.PAID: "결제 결제완료 결제완료됨 결제됨 결제성공 결제승인 "
    "입금완료 입금확인 입금확인완료 승인 승인완료 카드승인 수납완료",
    PaymentStatus.CANCELLED: "cancel refunded refund fullycancelled fullycanceled "
    "fullyrefunded 취소 취소됨 취소완료 결제취소 결제취소됨 결제취소완료 승인취소 승인취소완료 "
    "카드취소 전체취소 전체취소완료 전액취소 전액취소완료 환불 환불됨 환불완료 결제환불 "
    "전체환불 전체환불완료 전액환불 전액환불완료",
    PARTIALLY_CANCELLED: "partiallycancelled partiallycanceled partialcancelled partialcanceled "
    "partialcancel partiallyrefunded partialrefunded partialrefund 부분취소 부분취소됨 부분취소완료 "
    "부분환불 부분환불됨 부분환불완료 일부취소 일부취소완료 일부환불 일부환불완료",
    PaymentStatus.READY: "unpaid virtualaccountissued 미결제 미입금 미납 결제전 결제대기 "
    "결제대기중 입금전 입금대기 입금대기중 입금예정 무통장입금대기 가상계좌발급 가상계좌발급완료 "
    "가상계좌입금대기",
    PaymentStatus.FAILED: "실패 결제실패 승인실패 결제거절 승인거절",
    PaymentStatus.PENDING: "paypending 승인대기 승인대기중",
}
_STATUS_BY_WORD = {word: str(status) for status, words in _WORDS.items() for word in words.split()}

# The stages of a delivery, which follows the payment. Not 주문접수 or 배송전: it may be unpaid.
_DELIVERIES = (
    "상품준비 상품준비중 상품준비완료 배송준비 배송준비중 배송준비완료 배송대기 배송대기중 배송보류 "
    "배송 배송시작 배송중 배송진행 배송진행중 배송완료 발송 발송준비 발송준비중 발송대기 발송처리 발송중 "
    "발송완료 출고 출고준비 출고준비중 출고대기 출고지시 출고중 출고완료 집화 집화완료 집하 집하완료 "
    "배달중 배달완료 발주확인 발주완료 수취확인 수취완료 수령확인 수령완료 구매확정 구매확정완료 구매결정 "
    "구매결정완료 shipped shipping intransit delivering delivered dispatched"
)
_DELIVERY_WORDS = frozenset(_DELIVERIES.split())
_MALL_WORD = re.compile(
    "주문|구매|배송|발송|출고|집화|집하|발주|수취|수령|상품|교환|반품|회수|거래|정산|확정"
    "|order|ship|deliver|dispatch|purchase|return|exchange|settle"
)
# As the status of an order, these may be about its delivery.
_DELIVERY_STATUSES = frozenset({PaymentStatus.READY.value, PaymentStatus.PENDING.value})
_REFUND_WORD = re.compile("취소|환불|반품|철회|cancel|refund|return")
_HINT = Worded("name the column of the payment with --columns status=COLUMN, or none with status=")


def parse_status(cell: object) -> str:
    """Translate the status of a payment.

    Returns:
        A :class:`PaymentStatus` value, or :data:`PARTIALLY_CANCELLED`.

    Raises:
        BadCellError: It is empty (which does not mean ``paid``), unknown or ambiguous.
    """
    if cell is None:
        raise BadCellError(Worded("{field} is empty", field=field_name("status")))
    if not isinstance(cell, str):
        raise BadCellError(
            Worded("{problem}; {hint}", problem=wrong_type("status", cell), hint=_HINT)
        )
    return _parse_status_text(cell)


def parse_order_status(cell: object) -> str:
    """Return ``paid`` unless the status of an order or a transaction means something else.

    Raises:
        BadCellError: It may mean that the payment was refunded, as 주문취소 and 반품완료 may.
    """
    return _parse_order_status_text(cell) if isinstance(cell, str) else PaymentStatus.PAID.value


def is_delivery(cell: object) -> bool:
    """Return whether a status is a stage of a delivery, such as 배송중: the order should be paid."""
    return isinstance(cell, str) and _normalize(cell) in _DELIVERY_WORDS


@lru_cache(maxsize=64)
def _parse_order_status_text(cell: str) -> str:
    word = _normalize(cell)
    if not word or word in _DELIVERY_STATUSES:
        return PaymentStatus.PAID.value
    try:
        return _parse_status_text(cell)
    except BadCellError:
        if _REFUND_WORD.search(word):
            raise
        return PaymentStatus.PAID.value


@lru_cache(maxsize=64)
def _parse_status_text(cell: str) -> str:
    word = _normalize(cell)
    if not word:
        raise BadCellError(Worded("{field} is empty", field=field_name("status")))
    if status := canonical(cell) or _STATUS_BY_WORD.get(word):
        return status
    if _MALL_WORD.search(word):
        problem = Worded(
            "status is about the order or its delivery, not its payment: {cell}; {hint}",
            cell=quote(cell),
            hint=_HINT,
        )
    else:
        problem = Worded(
            "status is not a clear word for any of {statuses}: {cell}; {hint}",
            statuses=", ".join(PaymentStatus),
            cell=quote(cell),
            hint=_HINT,
        )
    raise BadCellError(problem)


def _normalize(cell: str) -> str:
    return re.sub(r"[\s_-]", "", fold(cell))
