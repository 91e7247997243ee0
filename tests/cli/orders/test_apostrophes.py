"""Excel's apostrophe before an order number is removed."""

from __future__ import annotations

from portone_async.cli.orders import BadRow, read_orders
from tests.support.order_files import order, read
from tests.support.workbooks import write_xlsx


def test_leading_apostrophe_is_removed_in_csv() -> None:
    rows = "'20261101001,1000\n'A-1,1000\nA'2,1000\n'A-3',1000\n"

    assert read(f"주문번호,결제금액\n{rows}") == [
        order(number) for number in ("20261101001", "A-1", "A'2", "'A-3'")
    ]


def test_leading_apostrophe_is_removed_in_a_workbook() -> None:
    write_xlsx("orders.xlsx", {"주문": [["주문번호", "결제금액"], ["'00123", 1000]]})

    assert list(read_orders("orders.xlsx")) == [order("00123")]


def test_rounded_number_after_an_apostrophe_is_a_bad_row() -> None:
    (item,) = read("주문번호,결제금액\n'2.02E+16,1000\n")

    assert isinstance(item, BadRow)
    assert "rounded" in item.reason


def test_apostrophe_is_kept_in_json() -> None:
    assert read('{"order_id": "\'A-1", "amount": 1000}', "orders.jsonl") == [order("'A-1")]
