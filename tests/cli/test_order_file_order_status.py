"""A column on the order (주문상태) keeps a cancelled order from being taken for a paid one."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from portone_async.cli.orders import BadRow, Columns, Item, read_orders
from portone_async.reconcile import Order, Refund

ROWS = "A-1,배송완료,1000\nA-2,취소완료,1000\nA-3,주문취소,1000\n"
REFUSED = (
    "status is about the order or its delivery, not its payment: '주문취소'; name the "
    "column of the payment with --columns status=COLUMN, or none with status="
)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(text: str, columns: Columns | None = None) -> list[Item]:
    Path("orders.csv").write_text(text, encoding="utf-8")
    return list(read_orders("orders.csv", columns=columns or Columns()))


def test_cancelled_order_is_not_taken_for_paid() -> None:
    assert read(f"주문번호,주문상태,결제금액\n{ROWS}") == [
        Order("A-1", Decimal(1000)),
        Order("A-2", Decimal(1000), status="cancelled"),
        BadRow("orders.csv:4", REFUSED, "A-3"),
    ]


def test_empty_status_option_ignores_the_column_of_the_order() -> None:
    items = read(f"주문번호,주문상태,결제금액\n{ROWS}", Columns(status=""))

    assert items == [Order(f"A-{n}", Decimal(1000)) for n in (1, 2, 3)]


def test_every_column_of_the_order_is_looked_at() -> None:
    rows = "A-1,배송중,,1000\nA-2,배송완료,취소완료,1000\n"

    assert read(f"주문번호,주문상태,클레임상태,결제금액\n{rows}") == [
        Order("A-1", Decimal(1000)),
        Order("A-2", Decimal(1000), status="cancelled"),
    ]


def test_settlement_with_a_kind_of_transaction_has_refund_rows() -> None:
    rows = "A-1,승인,10000\nA-1,부분취소,-3000\nA-2,신용카드,500\n"

    assert read(f"주문번호,거래구분,금액\n{rows}") == [
        Order("A-1", Decimal(10000)),
        Refund("A-1", Decimal(3000), "KRW", "orders.csv:3"),
        Order("A-2", Decimal(500)),
    ]


def test_column_of_the_order_is_read_from_parquet() -> None:
    duckdb.execute(
        "COPY (SELECT 1000 AS amount, '취소완료' AS order_status, 'A-1' AS order_id) "
        "TO 'orders.parquet'"
    )

    assert list(read_orders("orders.parquet")) == [Order("A-1", Decimal(1000), status="cancelled")]
