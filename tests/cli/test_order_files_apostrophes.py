"""An apostrophe in front of an order number is Excel's mark of a text, and no part of it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from portone_async.cli.orders import BadRow, read_orders
from portone_async.reconcile import Order
from tests.support.workbooks import write_xlsx


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def orders_of(*numbers: str) -> list[Order]:
    return [Order(number, Decimal(1000)) for number in numbers]


def test_apostrophe_in_front_is_removed_in_csv() -> None:
    rows = "'20261101001,1000\n'A-1,1000\nA'2,1000\n'A-3',1000\n"
    Path("orders.csv").write_text(f"주문번호,결제금액\n{rows}", encoding="utf-8")

    assert list(read_orders("orders.csv")) == orders_of("20261101001", "A-1", "A'2", "'A-3'")


def test_apostrophe_in_front_is_removed_in_a_workbook() -> None:
    write_xlsx("orders.xlsx", {"주문": [["주문번호", "결제금액"], ["'00123", 1000]]})

    assert list(read_orders("orders.xlsx")) == orders_of("00123")


def test_rounded_number_behind_an_apostrophe_is_unreadable() -> None:
    Path("orders.csv").write_text("주문번호,결제금액\n'2.02E+16,1000\n", encoding="utf-8")
    (found,) = read_orders("orders.csv")

    assert isinstance(found, BadRow)
    assert "rounded" in found.reason


def test_apostrophe_is_kept_in_json() -> None:
    Path("orders.jsonl").write_text('{"order_id": "\'A-1", "amount": 1000}')

    assert list(read_orders("orders.jsonl")) == orders_of("'A-1")
