"""JSON Lines: numbers as written, and a bad line is one bad row."""

from __future__ import annotations

import json
import tempfile
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.cli.orders import BadRow, read_orders
from portone_async.reconcile import Order
from tests.support.order_files import is_read_unchanged, order, read, read_error, rounded_reason
from tests.support.strategies import order_numbers

amounts = st.decimals(0, 10**15 - 1, places=2) | st.integers(0, 10**15 - 1).map(Decimal)


@given(
    st.lists(st.tuples(order_numbers.filter(is_read_unchanged), amounts), min_size=1, max_size=5)
)
def test_any_order_in_json_lines_is_read_unchanged(rows: list[tuple[str, Decimal]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "orders.ndjson")
        lines = [f'{{"order_id": {json.dumps(uid)}, "total": {total}}}\n' for uid, total in rows]
        path.write_text("".join(lines), encoding="utf-8")

        items = list(read_orders(str(path)))

    assert items == [Order(merchant_uid, amount) for merchant_uid, amount in rows]


def test_bad_line_is_a_bad_row_and_the_others_are_read() -> None:
    items = read(
        "\ufeff"
        '{"merchant_uid": 1, "amount": "1,000", "status": "paid"}\r\n'
        "\r\n"
        '{"merchant_uid": "홍길동", "amount": \n'
        '["merchant_uid", "amount"]\n'
        '{"merchant_uid": "A-5", "amount": 10.10, "status": "취소", "currency": "USD"}\n'
        '{"merchant_uid": "A-6", "amount": 1000}\n'
        '{"merchant_uid": "A-7", "amount": NaN, "status": "paid"}\n'
        '{"merchant_uid": "A-8", "amount": 1, "amount": 2, "status": "paid"}\n'
        '{"merchant_uid": 1.5, "amount": 1, "status": "paid"}\n'
        '{"merchant_uid": "A-10", "amount": {"krw": 1}, "status": "paid"}\n'
        f'{{"merchant_uid": {"9" * 5000}, "amount": 1, "status": "paid"}}\n'
        f"{'[' * 100_000}\n"
        '{"merchant_uid": "A-13", "amount": 1e9999999999999999999, "status": "paid"}\n'
        "{}\n"
        '{"amount": 1e3,\r"status": "paid", "merchant_uid": "A-15"}',
        "orders.jsonl",
    )

    assert items == [
        order("1"),
        BadRow("orders.jsonl:3", "not JSON: Expecting value (column 35)"),
        BadRow("orders.jsonl:4", "not a JSON object"),
        Order("A-5", Decimal("10.10"), "USD", "cancelled"),
        BadRow(
            "orders.jsonl:6",
            "there is no column 'status' for status; columns found: 'merchant_uid', 'amount'",
        ),
        BadRow("orders.jsonl:7", "amount is not a number: 'NaN'"),
        BadRow(
            "orders.jsonl:8",
            "amount could be any of 'amount', 'amount': name it with --columns amount=COLUMN; "
            "columns found: 'merchant_uid', 'amount', 'amount', 'status'",
        ),
        BadRow("orders.jsonl:9", rounded_reason("1.5")),
        BadRow("orders.jsonl:10", "amount is of type Object: \"(('krw', 1),)\""),
        BadRow("orders.jsonl:11", rounded_reason("Infinity")),
        BadRow("orders.jsonl:12", "not JSON of an order: it is nested too deeply"),
        BadRow("orders.jsonl:13", "amount is not a number: 'Infinity'"),
        BadRow(
            "orders.jsonl:14",
            "no column looks like merchant_uid: name it with --columns merchant_uid=COLUMN; columns found: ",
        ),
        order("A-15"),
    ]
    assert str(items[-1].amount) == "1000"  # type: ignore[union-attr] # pyright: ignore[reportAttributeAccessIssue] (an order)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "has no line with an order"),
        ('{"id": 1}\n{"order_id": 1, "amount": 1}\n', "no column looks like merchant_uid"),
    ],
)
def test_file_without_orders_is_an_error(content: str, problem: str) -> None:
    assert read_error(content, "orders.jsonl").startswith(f"orders.jsonl: {problem}")


@pytest.mark.parametrize(
    "member",
    ["NaN", "-Infinity", "1" * 5000, "1e99999999999999999999", '"a\tb\0"', '"\\ud800"', "[[1]]"],
)
def test_fault_in_an_unread_member_is_ignored(member: str) -> None:
    line = f'{{"order_id": "A-1", "memo": {member}, "total": 1000}}\n'

    assert read(line, "orders.jsonl") == [order("A-1")]


def test_minus_zero_is_not_the_order_number_zero() -> None:
    lines = '{"order_id": -0, "total": 1000}\n{"order_id": 0, "total": 1000}\n'

    assert read(lines, "orders.jsonl") == [order("-0"), order("0")]
