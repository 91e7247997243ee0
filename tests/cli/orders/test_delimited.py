"""CSV: delimiters, quotes, widths and malformed rows."""

from __future__ import annotations

import csv
import io
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from portone_async.cli.orders import BadRow, Format, Item, read_orders
from portone_async.reconcile import Order
from tests.support.order_files import is_read_unchanged, order, order_numbers_of, read, read_error

CRLF = "\r\n"
amounts = st.decimals(0, 10**15 - 1, places=2) | st.integers(0, 10**15 - 1).map(Decimal)


def rows_in(codec: str) -> st.SearchStrategy[list[tuple[str, Decimal, str]]]:
    texts = st.text(st.characters(codec=codec, exclude_categories=["Cs", "Cc"]), max_size=60)
    memos = st.text(
        st.characters(codec=codec, exclude_categories=["Cs"], exclude_characters="\0"), max_size=60
    )
    return st.lists(
        st.tuples(texts.filter(_is_unchanged_in_csv), amounts, memos), min_size=1, max_size=5
    )


def _is_unchanged_in_csv(merchant_uid: str) -> bool:
    return is_read_unchanged(merchant_uid) and not merchant_uid.startswith("'")


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
@given(
    data=st.data(),
    delimiter=st.sampled_from([",", ";", "\t"]),
    end=st.sampled_from(["\n", CRLF]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_any_order_in_a_csv_is_read_unchanged(
    codec: str, data: st.DataObject, delimiter: str, end: str, quoting: Literal[0, 1]
) -> None:
    rows = data.draw(rows_in("utf-8" if codec != "cp949" else codec))
    # Before Python 3.13 csv.writer leaves a lone CR unquoted, which is not CSV.
    assume(end == CRLF or quoting == csv.QUOTE_ALL or not any("\r" in memo for *_, memo in rows))
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow(["주문번호", "금액", "메모"])
    writer.writerows(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "orders.csv")
        path.write_bytes(text.getvalue().encode(codec))

        items = list(read_orders(str(path)))

    assert items == [Order(merchant_uid, amount) for merchant_uid, amount, _ in rows]
    assert [str(item.amount) for item in items if isinstance(item, Order)] == [
        str(amount) for _, amount, _ in rows
    ]


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("orders.tsv", "order_id\ttotal\ta,b,c,d\nA,1\t1000\t\n"),
        ("orders.txt", "order_id\ttotal\nA,1\t1000\n"),
        ("orders.csv", "order_id;total\nA,1;1000\n"),
        ("orders.csv", "order_id|total\nA,1|1000\n"),
        ("orders.csv", '"order_id","total"\n"A,1","1000"\n'),
        ("orders.csv", "\n \norder_id;total\r\r\nA,1;1000\r\r\n"),
        ("ORDERS.CSV", "order_id;total\nA,1;1000"),
    ],
)
def test_delimiter_is_detected_by_suffix_or_header(name: str, content: str) -> None:
    assert read(content, name) == [order("A,1")]


def test_delimiter_is_detected_below_other_lines() -> None:
    items = read("가,나,다,라,마,바\norder_id;total\nA-1;1000\nA-2;1000\n")

    assert order_numbers_of(items) == ["A-1", "A-2"]


@pytest.mark.parametrize("line", ["sep=;\r\n", "SEP=;\n", '"sep=;"\n', "sep=;;;\n"])
def test_separator_line_sets_the_delimiter(line: str) -> None:
    items = read(line + "order_id;total;a,b,c,d\nA-1;1000;\nA-2;x;\n")

    assert items == [order("A-1"), BadRow("orders.csv:4", "amount is not a plain number: 'x'")]


def test_delimiter_option_wins_over_the_separator_line() -> None:
    assert read("sep=;\norder_id:total\nA-1:1000\n", delimiter=":") == [order("A-1")]


def test_delimiter_and_format_are_options() -> None:
    content = "order_id:total\nA,1:1000\n"

    assert read(content, "orders.log", source_format=Format.CSV, delimiter=":") == [order("A,1")]


def test_bad_row_has_the_line_on_which_it_begins() -> None:
    items = read(
        CRLF.join(
            [
                "memo,order_id,total",
                '"two',
                'lines",A-1,x1000',
                "",
                ",,",
                '"a ""quote""",A-2,',
                "short,A-3",
                "more,A-4,1,000",
                'ok,"A-5",1000',
                "-,,1000",
            ]
        ),
    )

    assert items == [
        BadRow("orders.csv:2", "amount is not a plain number: 'x1000'"),
        BadRow("orders.csv:6", "amount is empty"),
        BadRow("orders.csv:7", "has 2 fields, but the header has 3"),
        BadRow("orders.csv:8", "has 4 fields, but the header has 3"),
        order("A-5"),
        BadRow("orders.csv:10", "merchant_uid is empty"),
    ]


def test_stray_quote_is_a_bad_row_with_its_lost_lines() -> None:
    items = read(
        'order_id,total\n"5" pipe,1000\nA-2,1000\n"A-3,1000\nA-4,1000\n"A-5",1000\nA-6,1000\n"A-7',
    )

    assert [item.where for item in items if isinstance(item, BadRow)] == [
        "orders.csv:2",
        "orders.csv:4",
        "orders.csv:8",
    ]
    assert [item for item in items if isinstance(item, Order)] == [order("A-2"), order("A-6")]
    reasons = [item.reason for item in items if isinstance(item, BadRow)]
    assert reasons[0].startswith("a quote is not closed, or not doubled (")
    assert reasons[1].startswith("lines 4 to 6 are lost: a quote is not closed, or not doubled (")


def test_cr_without_quotes_is_one_bad_row() -> None:
    items = read("memo,order_id,total\nm,A-1,1000\rm,A-2,1000\nm,A-3,1000\n")

    assert items == [
        BadRow(
            "orders.csv:2",
            "a line break (CR, which old Macs end lines with) in a field without quotes",
        ),
        order("A-3"),
    ]


def test_quote_that_is_never_closed_is_an_error() -> None:
    # After the limit, the parser would take the inside of the memo for orders.
    content = 'order_id,total,memo\nA-1,1000,"' + "A-9,5000,x\n" * 20_000 + '"\nA-2,1000,\n'

    assert read_error(content) == (
        "orders.csv: line 2: a field of more than 131072 characters: is a quote not closed?"
    )


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("A-1,1000,x,", order("A-1")),
        ("A-1,1000,x,, ,", order("A-1")),
        ("A-1,1000", order("A-1")),
        ("A-1", BadRow("orders.csv:2", "has 1 fields, but the header has 3")),
        ("A-1,1000,x,y", BadRow("orders.csv:2", "has 4 fields, but the header has 3")),
    ],
)
def test_only_empty_fields_may_be_missing_or_surplus(row: str, expected: Item) -> None:
    assert read(f"order_id,total,memo\n{row}\n") == [expected]


@pytest.mark.parametrize(
    "memo",
    [
        "\0",
        'five" pipe',
        '"five" pipe',
        '"빨리" 주세요 "꼭"',
        "a\rb",
        '"open',
        "\x1b",
    ],
)
def test_fault_in_an_unread_column_is_ignored(memo: str) -> None:
    assert read(f"order_id,total,memo\nA-1,1000,x\nA-2,1000,{memo}\n") == [
        order("A-1"),
        order("A-2"),
    ]


@pytest.mark.parametrize(
    "row",
    [
        '"A-2" x,1000,m',
        'A-2,"1000" won,m',
        'A-2,1000,"m" x,y',
        "A-2,1\r000,m",
        "A-2,1000\r,m",
        'A-2,10\0,"m" x',
    ],
)
def test_fault_in_a_needed_column_makes_a_bad_row(row: str) -> None:
    good, bad, last = read(f"order_id,total,memo\nA-1,1000,x\n{row}\nA-3,1000,\n")

    assert (good, last) == (order("A-1"), order("A-3"))
    assert isinstance(bad, BadRow)


@pytest.mark.parametrize("end", ["\x1a", "\r\n\x1a", "\n\x1a\n", "\x1a\x1a"])
def test_ctrl_z_at_the_end_is_ignored(end: str) -> None:
    assert read(f"order_id,total\nA-1,1000{end}") == [order("A-1")]
    assert read('{"order_id": "A-1", "total": 1000}' + end, "orders.jsonl") == [order("A-1")]


def test_nul_in_a_needed_column_makes_one_bad_row() -> None:
    first, second, third = read("order_id,total,memo\nA-1,1000,\0\nA\0-2,1000,\nA-3,1000,\n")

    assert (first, third) == (order("A-1"), order("A-3"))
    assert second == BadRow(
        "orders.csv:3", r"merchant_uid must not contain control characters: 'A\x00-2'"
    )
