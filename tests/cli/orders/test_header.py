"""The header is found below other lines, and over two rows."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.cli.orders import BadRow, Columns, Note, OrdersError
from portone_async.cli.orders.columns import matching_fields
from portone_async.cli.orders.readers.header import find_header
from tests.support.order_files import order, read, read_error


@pytest.mark.parametrize(
    "above",
    [
        "받은 파일을 고치지 말고 올려 주세요\n",
        "정산 내역서,,\n기간,2026-11-01,2026-11-30\n\n",
        '"여러 줄\n안내, 그리고 ""따옴표""",,\n',
        "a;b;c;d;e;f\n",
        '"닫히지 않은" 따옴표,,\n',
        "안내\n" * 29,
    ],
)
def test_header_is_found_below_other_lines_and_noted(above: str) -> None:
    items = read(above + "주문번호,결제금액,비고\nA-1,1000,x\n")

    line = above.count("\n") + 1
    assert items == [Note(f"orders.csv:{line}", "the header is here, not at the top"), order("A-1")]


def test_header_below_thirty_rows_needs_the_option() -> None:
    content = "안내\n" * 30 + "주문번호,결제금액\nA-1,1000\n"

    assert "no column looks like merchant_uid" in read_error(content)
    assert read(content, header_row=31) == [order("A-1")]


def test_header_row_option_chooses_between_two_headers() -> None:
    content = "order_id,total\nX,1\n\norder_id,total\nA-1,1000\n"

    assert read(content) == [
        order("X", 1),
        BadRow("orders.csv:4", "amount is not a plain number: 'total'"),
        order("A-1"),
    ]
    assert read(content, header_row=4) == [order("A-1")]


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        (0, "a header row is a number from 1"),
        (3, "orders.csv: line 3 is inside a row"),
        (9, "orders.csv: has no line 9"),
        (4, "orders.csv: no column looks like merchant_uid"),
    ],
)
def test_header_row_option_without_a_header_is_an_error(line: int, problem: str) -> None:
    content = 'order_id,total\n"A\n1",1000\nA-2,1000\n'

    assert read_error(content, header_row=line).startswith(problem)


def test_header_row_option_for_json_lines_is_an_error() -> None:
    assert "only for CSV and workbooks" in read_error("{}", "orders.jsonl", header_row=1)


@pytest.mark.parametrize(
    "header",
    [
        '"주문\n번호","결제금액\r\n(원)",비고\n',
        # A group of columns, its name merged over them.
        "주문정보,결제정보,\n주문번호,결제금액,비고\n",
        "주문번호,결제,\n,금액,비고\n",
        # The name of the group is enough; those below name parts of it.
        "주문번호,결제금액,배송지,\n,,우편번호,주소\n",
        # The same in another language.
        "주문번호,결제금액,비고\nOrder No,Amount,Memo\n",
    ],
)
def test_header_over_two_rows_is_one_header(header: str) -> None:
    items = read(header + "A-1,1000,x\n")

    assert [item for item in items if not isinstance(item, Note)] == [order("A-1")]


def test_missing_header_error_lists_the_most_likely_row() -> None:
    message = read_error("안내,읽어 주세요\n주문번호,가격표\nA-1,1000\n")

    assert message.endswith("columns found: '주문번호', '가격표'")


def test_incomplete_row_below_the_header_is_a_bad_row() -> None:
    for row in (",1000,", ",,x", "A-1,,"):
        (item,) = read(f"order_id,total,memo\n{row}\n")
        assert isinstance(item, BadRow)


names = st.sampled_from(["주문번호", "금액", "order_id", "total", "비고", "", "x"])


@given(st.lists(st.lists(names, max_size=4), min_size=1, max_size=40))
def test_header_is_the_first_row_with_both_names(rows: list[list[str]]) -> None:
    try:
        header = find_header(rows, Columns())
    except OrdersError:
        return
    assert header.start < header.end <= header.start + 3
    assert header.start < 30
    required = {"merchant_uid", "amount"}
    if header.names in rows:
        assert not any(matching_fields(Columns(), row) >= required for row in rows[: header.start])
