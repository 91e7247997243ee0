"""Total rows are noted and are not orders."""

from __future__ import annotations

import pytest

from portone_async.cli.orders import BadRow, Item, Note
from tests.support.order_files import order, read

TWO_ORDERS = [order("A-1", 1000), order("A-2", 2000)]
ROWS = "A-1,1000,티셔츠\nA-2,2000,바지\n"
EMPTY = "merchant_uid is empty"
SUM = Note("orders.csv:4", "a total row, not an order: the sum of all others")


def read_rows(rows: str) -> list[Item]:
    return read(f"주문번호,결제금액,상품명\n{rows}")


@pytest.mark.parametrize(
    "row",
    [
        *("합계,3000,", "총계,,", "소계,-,", "합   계,3000,", "총합계:,3000,", "[합계],3000,"),
        *("Total,3000,", "TOTAL,3000,", "Grand Total,3000,", "subtotal,1,", "Sum:,3000,"),
        *("합계(2건),3000,", "합계: 2건,3000,", "Total (2),3000,"),
        *("11월 합계,3000,", "취소 합계,-1000,", "전체 합계,3000,", "전체,3000,", "총건수,2,"),
        *("합계 (KRW),3000,", "합계금액(원),3000,", "합계 : 2,3000,", "부분합,3000,"),
        *("A-1 요약,1000,", "평균,1500,", "총 2건,3000,합계", ",2000,취소 합계"),
        *(",3000,합계", "2건,3000,합계", "-,3000,Total", ",,합계"),
    ],
)
def test_row_with_the_label_of_a_total_is_noted(row: str) -> None:
    assert read_rows(f"{ROWS}{row}\n") == [
        *TWO_ORDERS,
        Note("orders.csv:4", "a total row, not an order"),
    ]


def test_count_after_a_label_is_not_an_order_number() -> None:
    assert read("날짜,주문번호,금액\n11-01,A-1,1000\n합계,1,1000\n") == [
        TWO_ORDERS[0],
        Note("orders.csv:3", "a total row, not an order"),
    ]


@pytest.mark.parametrize(
    "number",
    [
        "합계-11월",
        "요약-1",
        "N1",
        "None-1",
        "3개월권-1",
        "TOTAL-1",
        "Total2026",
        "합계-1",
        "계약-1",
        "20261101001",
        "12",
        "sum1",
        "subtotals-2026-1",
    ],
)
def test_order_that_resembles_a_label_is_an_order(number: str) -> None:
    assert read_rows(f"{number},1000,Total\n") == [order(number)]


@pytest.mark.parametrize("number", ["-", "총 2건", "2건", "nan", "None", "(null)", "N/A", "없음"])
def test_placeholder_is_not_an_order_number(number: str) -> None:
    reason = f"merchant_uid is not an order number: {number!r}"

    assert read_rows(f"{ROWS}{number},500,") == [
        *TWO_ORDERS,
        BadRow("orders.csv:4", reason),
    ]


def test_count_with_the_sum_of_all_orders_is_noted() -> None:
    assert read_rows(f"{ROWS}총 2건,3000,") == [*TWO_ORDERS, SUM]


def test_product_named_total_does_not_make_a_total_row() -> None:
    assert read("상품,주문번호,금액\nTotal,1234,1000\n") == [order("1234")]


def test_many_total_rows_are_one_note() -> None:
    assert read_rows("A-1,1000,\n소계,1000,\nA-2,2000,\n소계,2000,\n합계,3000,\n") == [
        *TWO_ORDERS,
        Note("orders.csv:3", "a total row, not an order, and 2 more"),
    ]


def test_sum_of_all_orders_is_noted() -> None:
    assert read_rows(f'{ROWS},"₩3,000",\n') == [*TWO_ORDERS, SUM]


def test_sum_above_its_orders_is_noted() -> None:
    assert read_rows(f",3000,\n{ROWS}") == [
        *TWO_ORDERS,
        Note("orders.csv:2", "a total row, not an order: the sum of all others"),
    ]


def test_sum_subtracts_refunds() -> None:
    assert read_rows(f"{ROWS}A-1,-500,\n,2500,\n")[-1] == Note(
        "orders.csv:5", "a total row, not an order: the sum of all others"
    )


@pytest.mark.parametrize("rows", [f"{ROWS},2999,\n", f"{ROWS},3000.01,\n", f"{ROWS},,x\n"])
def test_row_with_another_amount_is_a_bad_row(rows: str) -> None:
    assert read_rows(rows) == [*TWO_ORDERS, BadRow("orders.csv:4", EMPTY)]


def test_amount_of_a_single_order_is_not_a_total() -> None:
    assert read_rows("A-1,1000,\n,1000,\n") == [TWO_ORDERS[0], BadRow("orders.csv:3", EMPTY)]


def test_sum_of_only_the_orders_above_is_a_bad_row() -> None:
    items = read_rows(f"{ROWS},3000,\nA-3,1,\n")

    assert BadRow("orders.csv:4", EMPTY) in items
    assert not any(isinstance(item, Note) for item in items)


def test_bad_rows_keep_their_sequence() -> None:
    items = read_rows(f",1,\nA-1,x,\n,2,\n,3,\n{ROWS}")

    assert [item.where for item in items if isinstance(item, BadRow)] == [
        "orders.csv:2",
        "orders.csv:3",
        "orders.csv:4",
        "orders.csv:5",
    ]


def test_currencies_are_summed_separately() -> None:
    items = read("order_id,total,currency\nA-1,1000,KRW\nA-2,2000,USD\n,3000,\n")

    assert items[-1] == BadRow("orders.csv:4", EMPTY)


def test_sum_in_a_foreign_currency_is_noted() -> None:
    items = read("order_id,total,currency\nA-1,1000,USD\nA-2,2000,USD\n,3000,USD\n")

    assert items[-1] == SUM


def test_total_in_json_lines_is_noted() -> None:
    lines = '{"merchant_uid": "A-1", "amount": 1000}\n{"merchant_uid": "합계", "amount": 1000}\n'

    assert read(lines, "orders.jsonl") == [
        TWO_ORDERS[0],
        Note("orders.jsonl:2", "a total row, not an order"),
    ]
