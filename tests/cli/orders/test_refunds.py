"""Refunds are read from a column of refunded amounts or from negative rows."""

from __future__ import annotations

from decimal import Decimal

import pytest

from portone_async.cli.orders import BadRow, Columns, read_orders
from portone_async.reconcile import Order, Refund
from tests.support.order_files import read, write_parquet, write_sqlite


def refunded_order(merchant_uid: str, refunded: int = 0, status: str = "paid") -> Order:
    return Order(merchant_uid, Decimal(10_000), "KRW", status, Decimal(refunded))


@pytest.mark.parametrize("name", ["cancelled_amount", "취소금액", "환불금액", "Refund Amount"])
def test_column_of_refunded_amounts_is_found(name: str) -> None:
    assert read(f"주문번호,결제금액,{name}\nA-1,10000,3000\n") == [refunded_order("A-1", 3000)]


def test_refunded_amount_may_be_empty_negative_or_in_won() -> None:
    content = 'A-1,10000,\nA-2,10000,"-3,000"\nA-3,10000,"₩3,000"\nA-4,10000, - \nA-5,10000,0\n'

    assert read(f"주문번호,결제금액,환불금액\n{content}") == [
        refunded_order("A-1"),
        refunded_order("A-2", 3000),
        refunded_order("A-3", 3000),
        refunded_order("A-4"),
        refunded_order("A-5"),
    ]


def test_refund_column_can_be_named_or_ignored() -> None:
    content = "주문번호,결제금액,취소금액,돌려준돈\nA-1,10000,1,2\n"

    assert read(content, columns=Columns(cancelled_amount="돌려준돈")) == [refunded_order("A-1", 2)]
    assert read(content, columns=Columns(cancelled_amount="")) == [refunded_order("A-1")]


def test_partly_cancelled_order_needs_its_refunded_amount() -> None:
    content = "A-1,10000,부분취소,3000\nA-2,10000,부분취소,\nA-3,10000,부분취소,10000\n"

    assert read(f"주문번호,결제금액,상태,환불금액\n{content}") == [
        refunded_order("A-1", 3000, "cancelled"),
        refunded_order("A-3", 10_000, "cancelled"),
        BadRow(
            "orders.csv:3",
            "status is partially refunded, but no column has the refunded amount: name it "
            "with --columns cancelled_amount=COLUMN",
            "A-2",
        ),
    ]


@pytest.mark.parametrize(
    ("status", "refunded", "reason"),
    [
        (
            "결제완료",
            "10001",
            (
                "cancelled_amount is 10001, more than the amount of 10000: "
                "amount must be what was charged, before any refund"
            ),
        ),
        ("입금대기", "1", "cancelled_amount is 1, but status is ready"),
        (
            "취소",
            "천원",
            (
                "cancelled_amount is not a plain number: '천원'; "
                "--columns cancelled_amount= ignores that column"
            ),
        ),
    ],
)
def test_impossible_refund_is_a_bad_row(status: str, refunded: str, reason: str) -> None:
    content = f"주문번호,결제금액,상태,취소금액\nA-1,10000,{status},{refunded}\n"

    assert read(content) == [BadRow("orders.csv:2", reason, "A-1")]


def test_refund_column_of_parquet_and_sqlite_is_read() -> None:
    query = "SELECT 'A-1' AS order_no, 10000 AS total, 3000 AS refund_amount"
    write_parquet(query)
    write_sqlite()

    assert list(read_orders("orders.parquet")) == [refunded_order("A-1", 3000)]
    assert list(read_orders("orders.db", query=query)) == [refunded_order("A-1", 3000)]


@pytest.mark.parametrize(
    "amount", ["-3000", '"-3,000"', '"-₩3,000"', "(3000)", "\N{MINUS SIGN}3000", "△3000"]
)
def test_negative_row_is_a_refund(amount: str) -> None:
    assert read(f"주문번호,결제금액\nR-1,10000\nR-1,{amount}\n") == [
        refunded_order("R-1"),
        Refund("R-1", Decimal(3000), "KRW", "orders.csv:3"),
    ]


@pytest.mark.parametrize("word", ["취소", "환불완료", "부분취소", "전액취소", "refunded"])
def test_negative_row_with_a_refund_status_is_a_refund(word: str) -> None:
    content = f"주문번호,결제금액,상태\nR-1,10000,결제완료\nR-1,-3000,{word}\n"

    assert read(content) == [
        refunded_order("R-1"),
        Refund("R-1", Decimal(3000), "KRW", "orders.csv:3"),
    ]


@pytest.mark.parametrize("refunded", ["3000", "-3000", "0", ""])
def test_negative_row_may_repeat_its_amount_as_refunded(refunded: str) -> None:
    content = f"주문번호,결제금액,취소금액\nR-1,10000,\nR-1,-3000,{refunded}\n"

    assert read(content)[1:] == [Refund("R-1", Decimal(3000), "KRW", "orders.csv:3")]


@pytest.mark.parametrize(
    ("status", "refunded", "problem"),
    [
        ("결제완료", "", "but status is not a refund"),
        ("", "", "and status is empty"),
        ("구매확정", "", "and status is about the order or its delivery, not its payment: "),
        ("취소", "500", "but cancelled_amount differs"),
    ],
)
def test_negative_row_that_is_not_clearly_a_refund_is_a_bad_row(
    status: str, refunded: str, problem: str
) -> None:
    (row,) = read(f"주문번호,결제금액,상태,취소금액\nR-1,-3000,{status},{refunded}\n")

    assert isinstance(row, BadRow)
    assert row.reason.startswith(f"amount of order 'R-1' is negative: '-3000', {problem}")
    assert row.merchant_uid == "R-1"


def test_transaction_kind_of_a_settlement_marks_refund_rows() -> None:
    rows = "A-1,승인,10000\nA-1,부분취소,-3000\nA-2,신용카드,500\n"

    assert read(f"주문번호,거래구분,금액\n{rows}") == [
        Order("A-1", Decimal(10000)),
        Refund("A-1", Decimal(3000), "KRW", "orders.csv:3"),
        Order("A-2", Decimal(500)),
    ]
