"""Status words are translated into PortOne's, or rejected."""

from __future__ import annotations

import unicodedata

import pytest

from portone_async.cli.orders.cells.cell import BadCellError
from portone_async.cli.orders.cells.status import (
    PARTIALLY_CANCELLED,
    is_delivery,
    parse_order_status,
    parse_status,
)


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("paid", "PAID Paid paid pAiD 결제완료 결제 입금완료 입금확인 승인완료"),
        (
            "cancelled",
            "CANCELLED Canceled canceled 취소 취소완료 전액취소 환불 환불완료 전액환불 refunded",
        ),
        (
            PARTIALLY_CANCELLED,
            "부분취소 부분환불 부분취소완료 PARTIAL_CANCELLED partially-refunded",
        ),
        ("ready", "READY 미결제 입금대기 입금대기중 미입금 결제대기 VIRTUAL_ACCOUNT_ISSUED"),
        ("failed", "FAILED 결제실패 실패"),
        ("pending", "Pending 승인대기 PAY_PENDING"),
    ],
)
def test_status_of_a_payment_is_translated(status: str, words: str) -> None:
    for word in words.split():
        assert parse_status(word) == status, word
        assert parse_status(f" {unicodedata.normalize('NFD', word)}\t") == status, word


def test_blanks_within_a_status_are_ignored() -> None:
    assert parse_status("결제 완료") == "paid"
    assert parse_status("부분 취소 완료") == PARTIALLY_CANCELLED


@pytest.mark.parametrize(
    "word",
    [
        "구매확정",
        "배송완료",
        "배송중",
        "상품준비중",
        "주문취소",
        "반품완료",
        "교환",
        "발주확인",
        "shipped",
    ],
)
def test_status_of_an_order_is_rejected_with_a_hint(word: str) -> None:
    with pytest.raises(BadCellError) as caught:
        parse_status(word)

    assert str(caught.value) == (
        f"status is about the order or its delivery, not its payment: '{word}'; "
        "name the column of the payment with --columns status=COLUMN, or none with status="
    )


@pytest.mark.parametrize("word", ["완료", "환불요청", "취소접수", "환불대기", "complete", "Y", "1"])
def test_ambiguous_status_is_rejected(word: str) -> None:
    with pytest.raises(BadCellError) as caught:
        parse_status(word)

    assert str(caught.value) == (
        "status is not a clear word for any of ready, paid, failed, cancelled, pending: "
        f"'{word}'; name the column of the payment with --columns status=COLUMN, or none with status="
    )


def test_number_as_a_status_is_rejected() -> None:
    with pytest.raises(BadCellError, match=r"status is of type int: .* --columns status=COLUMN"):
        parse_status(1)


@pytest.mark.parametrize("cell", ["", "  ", None])
def test_empty_status_is_rejected(cell: object) -> None:
    with pytest.raises(BadCellError, match="status is empty"):
        parse_status(cell)


@pytest.mark.parametrize(
    ("cell", "status"),
    [
        *(("배송완료", "paid"), ("구매확정", "paid"), ("교환", "paid"), ("승인", "paid")),
        *(("", "paid"), (None, "paid"), (1, "paid"), ("ready", "paid"), ("PENDING", "paid")),
        *(("취소완료", "cancelled"), ("cancelled", "cancelled"), ("입금 대기", "ready")),
        ("부분취소", PARTIALLY_CANCELLED),
    ],
)
def test_order_status_is_paid_unless_it_means_something_else(cell: object, status: str) -> None:
    assert parse_order_status(cell) == status


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        *(("배송중", True), (" 배송 완료", True), ("Shipped", True), ("구매확정", True)),
        *(("배송전", False), ("배송취소", False), ("주문접수", False), ("결제완료", False)),
        *(("반품완료", False), ("완료", False), ("", False), (None, False), (1, False)),
    ],
)
def test_only_a_stage_after_the_payment_is_a_delivery(cell: object, expected: bool) -> None:
    assert is_delivery(cell) is expected


@pytest.mark.parametrize("word", ["주문취소", "취소요청", "반품완료", "returned", "환불 처리중"])
def test_order_status_that_may_be_a_refund_is_rejected(word: str) -> None:
    with pytest.raises(BadCellError, match=f"'{word}'.*--columns status="):
        parse_order_status(word)
