"""A row becomes an order with all its fields, or a bad row."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from portone_async.cli.orders import BadRow, Columns, read_orders
from portone_async.reconcile import Order
from tests.support.order_files import order, read, write_parquet


def test_every_field_of_an_order_is_read() -> None:
    items = read(
        "주문번호,결제금액,통화,결제상태,구매자\r\n"
        '0001,"1,000",,결제완료,홍길동\r\n'
        '="0002",10.50,usd,환불,홍길동\r\n',
    )

    assert items == [
        Order("0001", Decimal(1000), "KRW", "paid"),
        Order("0002", Decimal("10.50"), "USD", "cancelled"),
    ]


def test_amount_in_won_contradicts_another_currency() -> None:
    assert read("order_id,total,currency\nA-1,₩1000,USD\nA-2,₩1000,KRW\n") == [
        BadRow("orders.csv:2", "amount is in won, but currency is USD"),
        order("A-2"),
    ]


def test_omitted_status_is_empty_and_not_paid() -> None:
    (row,) = read("order_id,total,memo,status\nA-1,1000\n")

    assert isinstance(row, BadRow)
    assert "status is empty" in row.reason


ORDER_STATUS_ROWS = "A-1,배송완료,1000\nA-2,취소완료,1000\nA-3,주문취소,1000\n"
ORDER_STATUS_REASON = (
    "status is about the order or its delivery, not its payment: '주문취소'; name the "
    "column of the payment with --columns status=COLUMN, or none with status="
)


def test_cancelled_order_status_is_not_read_as_paid() -> None:
    assert read(f"주문번호,주문상태,결제금액\n{ORDER_STATUS_ROWS}") == [
        Order("A-1", Decimal(1000)),
        Order("A-2", Decimal(1000), status="cancelled"),
        BadRow("orders.csv:4", ORDER_STATUS_REASON, "A-3"),
    ]


def test_empty_status_option_ignores_the_order_status() -> None:
    items = read(f"주문번호,주문상태,결제금액\n{ORDER_STATUS_ROWS}", columns=Columns(status=""))

    assert items == [Order(f"A-{n}", Decimal(1000)) for n in (1, 2, 3)]


def test_every_order_status_column_is_read() -> None:
    rows = "A-1,배송중,,1000\nA-2,배송완료,취소완료,1000\n"

    assert read(f"주문번호,주문상태,클레임상태,결제금액\n{rows}") == [
        Order("A-1", Decimal(1000)),
        Order("A-2", Decimal(1000), status="cancelled"),
    ]


def test_plain_status_is_of_the_payment_or_of_a_delivery() -> None:
    rows = "A-1,배송중\nA-2,취소완료\nA-3,입금대기\nA-4,완료\nA-5,\nA-6,주문접수\n"

    items = read("주문번호,상태,결제금액\n" + rows.replace("\n", ",1000\n"))

    assert items[:3] == [
        Order("A-1", Decimal(1000)),
        Order("A-2", Decimal(1000), status="cancelled"),
        Order("A-3", Decimal(1000), status="ready"),
    ]
    assert [item.reason[:24] for item in items if isinstance(item, BadRow)] == [
        "status is not a clear wo",
        "status is empty",
        "status is about the orde",
    ]


def test_delivery_of_a_cancelled_order_is_not_read_as_paid() -> None:
    rows = "A-1,배송중,취소완료,1000\nA-2,배송중,주문취소,1000\nA-3,결제완료,주문취소,1000\n"

    assert read(f"주문번호,상태,주문상태,결제금액\n{rows}") == [
        Order("A-1", Decimal(1000), status="cancelled"),
        BadRow("orders.csv:3", ORDER_STATUS_REASON, "A-2"),
        Order("A-3", Decimal(1000)),
    ]


@pytest.mark.parametrize("name", ["orders.jsonl", "orders.parquet"])
def test_plain_status_is_read_from_other_formats(name: str) -> None:
    if name == "orders.parquet":
        write_parquet("SELECT 1000 AS amount, '배송중' AS 상태, 'A-1' AS order_id")
    else:
        Path(name).write_text('{"order_id": "A-1", "amount": 1000, "상태": "배송중"}\n', "utf-8")

    assert list(read_orders(name)) == [Order("A-1", Decimal(1000))]


def test_order_status_is_read_from_parquet() -> None:
    write_parquet("SELECT 1000 AS amount, '취소완료' AS order_status, 'A-1' AS order_id")

    assert list(read_orders("orders.parquet")) == [Order("A-1", Decimal(1000), status="cancelled")]
