"""Order files as Korean shops have them: the odd parts of CSV and JSON Lines."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.cli.orders import BadRow, Columns, Item, Note, OrdersError, read_orders
from portone_async.cli.orders.columns import matching_fields
from portone_async.cli.orders.readers.header import find_header
from portone_async.reconcile.finding import Order

FILES = Path(__file__).parents[1] / "order_files"


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(content: str | bytes, name: str = "orders.csv", **options: object) -> list[Item]:
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_orders(name, **options))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] (handed on)


def refusal(content: str | bytes, name: str = "orders.csv", **options: object) -> str:
    with pytest.raises(OrdersError) as caught:
        read(content, name, **options)
    return str(caught.value)


def order(number: str, amount: int = 1000) -> Order:
    return Order(number, Decimal(amount))


def orders(items: list[Item]) -> list[str]:
    return [each.merchant_uid for each in items if isinstance(each, Order)]


@pytest.mark.parametrize(
    ("name", "count"),
    [
        ("comma_at_row_end.csv", 10),
        ("excel_drops_trailing.csv", 40),
        ("notice_above_header.csv", 5),
        ("sep_line.csv", 2),
        ("cut_syllable_cp949.csv", 40),
        ("cut_character.jsonl", 10),
    ],
)
def test_file_of_a_shop_is_read_to_its_last_order(name: str, count: int) -> None:
    found = [each for each in read_orders(str(FILES / name)) if not isinstance(each, Note)]

    assert found == [order(f"A-{number}") for number in range(1, count + 1)]


def test_file_with_only_a_header_is_an_error() -> None:
    with pytest.raises(OrdersError, match="has no orders: no row below its header"):
        list(read_orders(str(FILES / "header_only.csv")))


def test_file_with_only_unreadable_rows_is_not_without_orders() -> None:
    assert read("order_id,total\nA-1,x\n") == [
        BadRow("orders.csv:2", "amount is not a plain number: 'x'")
    ]


# The header.


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
    found = read(above + "주문번호,결제금액,비고\nA-1,1000,x\n")

    line = above.count("\n") + 1
    assert found == [Note(f"orders.csv:{line}", "the header is here, not at the top"), order("A-1")]


def test_header_below_thirty_rows_is_found_only_when_named() -> None:
    content = "안내\n" * 30 + "주문번호,결제금액\nA-1,1000\n"

    assert "no column looks like merchant_uid" in refusal(content)
    assert read(content, header_row=31) == [order("A-1")]


def test_header_row_decides_between_two_headers() -> None:
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
def test_header_row_without_a_header_is_an_error(line: int, problem: str) -> None:
    content = 'order_id,total\n"A\n1",1000\nA-2,1000\n'

    assert refusal(content, header_row=line).startswith(problem)


def test_header_row_of_json_lines_is_an_error() -> None:
    assert "only for CSV and workbooks" in refusal("{}", "orders.jsonl", header_row=1)


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
def test_header_over_two_lines_is_one_header(header: str) -> None:
    found = read(header + "A-1,1000,x\n")

    assert [each for each in found if not isinstance(each, Note)] == [order("A-1")]


def test_error_about_a_header_lists_the_names_of_the_likeliest_row() -> None:
    told = refusal("안내,읽어 주세요\n주문번호,가격표\nA-1,1000\n")

    assert told.endswith("columns found: '주문번호', '가격표'")


def test_row_below_the_header_that_is_half_an_order_is_not_part_of_it() -> None:
    for row in (",1000,", ",,x", "A-1,,"):
        (found,) = read(f"order_id,total,memo\n{row}\n")
        assert isinstance(found, BadRow)


names = st.sampled_from(["주문번호", "금액", "order_id", "total", "비고", "", "x"])


@given(st.lists(st.lists(names, max_size=4), min_size=1, max_size=40))
def test_no_row_above_the_header_has_both_names(rows: list[list[str]]) -> None:
    try:
        header = find_header(rows, Columns())
    except OrdersError:
        return
    assert header.start < header.end <= header.start + 3
    assert header.start < 30
    required = {"merchant_uid", "amount"}
    if header.names in rows:
        assert not any(matching_fields(Columns(), row) >= required for row in rows[: header.start])


# Rows.


@pytest.mark.parametrize("line", ["sep=;\r\n", "SEP=;\n", '"sep=;"\n', "sep=;;;\n"])
def test_line_that_names_the_separator_is_obeyed(line: str) -> None:
    found = read(line + "order_id;total;a,b,c,d\nA-1;1000;\nA-2;x;\n")

    assert found == [order("A-1"), BadRow("orders.csv:4", "amount is not a plain number: 'x'")]


def test_delimiter_given_wins_over_the_line_that_names_one() -> None:
    assert read("sep=;\norder_id:total\nA-1:1000\n", delimiter=":") == [order("A-1")]


def test_delimiter_is_found_in_the_header() -> None:
    found = read("가,나,다,라,마,바\norder_id;total\nA-1;1000\nA-2;1000\n")

    assert orders(found) == ["A-1", "A-2"]


@pytest.mark.parametrize(
    ("row", "found"),
    [
        ("A-1,1000,x,", order("A-1")),
        ("A-1,1000,x,, ,", order("A-1")),
        ("A-1,1000", order("A-1")),
        ("A-1", BadRow("orders.csv:2", "has 1 fields, but the header has 3")),
        ("A-1,1000,x,y", BadRow("orders.csv:2", "has 4 fields, but the header has 3")),
    ],
)
def test_only_empty_fields_may_be_too_many_or_too_few(row: str, found: Item) -> None:
    assert read(f"order_id,total,memo\n{row}\n") == [found]


def test_status_that_a_row_leaves_out_is_empty_and_not_paid() -> None:
    (row,) = read("order_id,total,memo,status\nA-1,1000\n")

    assert isinstance(row, BadRow)
    assert "status is empty" in row.reason


@pytest.mark.parametrize("end", ["\x1a", "\r\n\x1a", "\n\x1a\n", "\x1a\x1a"])
def test_ctrl_z_at_the_end_is_ignored(end: str) -> None:
    assert read(f"order_id,total\nA-1,1000{end}") == [order("A-1")]
    assert read('{"order_id": "A-1", "total": 1000}' + end, "orders.jsonl") == [order("A-1")]


@pytest.mark.parametrize(
    "memo",
    [
        "\0",
        'five" pipe',
        '"five" pipe',
        '"빨리" 주세요, "꼭"'.replace(",", ""),
        "a\rb",
        '"open',
        "\x1b",
    ],
)
def test_fault_in_an_unread_column_leaves_the_row_readable(memo: str) -> None:
    assert read(f"order_id,total,memo\nA-1,1000,x\nA-2,1000,{memo}\n") == [
        order("A-1"),
        order("A-2"),
    ]


@pytest.mark.parametrize(
    "row",
    ['"A-2" x,1000,m', 'A-2,"1000" won,m', 'A-2,1000,"m" x,y', "A-2,1\r000,m", 'A-2,10\0,"m" x'],
)
def test_malformed_row_is_unreadable_where_a_cell_in_doubt_is_read(row: str) -> None:
    good, bad, last = read(f"order_id,total,memo\nA-1,1000,x\n{row}\nA-3,1000,\n")

    assert (good, last) == (order("A-1"), order("A-3"))
    assert isinstance(bad, BadRow)


@pytest.mark.parametrize(
    "member",
    ["NaN", "-Infinity", "1" * 5000, "1e99999999999999999999", '"a\tb\0"', '"\\ud800"', "[[1]]"],
)
def test_fault_in_an_unread_member_leaves_the_line_readable(member: str) -> None:
    line = f'{{"order_id": "A-1", "memo": {member}, "total": 1000}}\n'

    assert read(line, "orders.jsonl") == [order("A-1")]


# Characters.

CUT = {"utf-8": "메모".encode()[:-1], "cp949": "메모".encode("cp949")[:-1]}


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "cp949"])
def test_cut_character_costs_the_row_where_it_is_read_and_no_other(codec: str) -> None:
    cut = CUT[codec.removesuffix("-sig")]
    head = "주문번호,결제금액,상품명,비고\n가-1,1000,티셔츠,색상은 나중에\n".encode(codec)
    rows = "가-2,1000,긴팔,".encode(codec.removesuffix("-sig")) + cut + b"\n" + cut + b",1000,,\n"
    end = "가-4,1000,양말,문 앞에 놓아 주세요\n".encode(codec.removesuffix("-sig"))

    first, second, third, last = read(head + rows + end)

    assert (first, second, last) == (order("가-1"), order("가-2"), order("가-4"))
    assert isinstance(third, BadRow)
    assert third.where == "orders.csv:4"
    assert third.reason.startswith("merchant_uid is not valid Unicode: ")


def test_half_a_surrogate_in_utf_16_costs_its_row() -> None:
    rows = "order_id\ttotal\nA-1\t1000\nA".encode("utf-16-le")
    rows += b"\x3d\xd8" + "\t1000\nA-3\t1000\n".encode("utf-16-le")

    first, second, third = read(b"\xff\xfe" + rows)
    assert (first, third) == (order("A-1"), order("A-3"))
    assert isinstance(second, BadRow)
    assert "not valid Unicode" in second.reason

    # And the file ends in the middle of a character.
    assert orders(read(b"\xff\xfe" + rows + b"A")) == ["A-1", "A-3"]


def test_cut_character_in_json_lines_costs_its_member_only() -> None:
    lines = [
        json.dumps({"order_id": f"가-{n}", "total": 1000, "memo": "메모"}, ensure_ascii=False)
        for n in range(3)
    ]
    content = "\n".join(lines).encode()
    content = content.replace("메모".encode(), CUT["utf-8"], 1)

    assert orders(read(content, "orders.jsonl")) == ["가-0", "가-1", "가-2"]


def test_one_cut_character_does_not_turn_korean_utf_8_into_cp949() -> None:
    # In CP949 all of it would fit, as other words.
    content = "order_id,total\n멋멋,1000\n멋멋,1000\n".encode() + b"\xeb,1000\n"
    content.decode("cp949", "surrogateescape")

    assert orders(read(content)) == ["멋멋", "멋멋"]


def test_error_of_a_file_that_fits_no_encoding_says_where_it_does_not() -> None:
    assert refusal(b"a\xff\xb0\n").endswith(
        "(the file is not in UTF-8 (byte 1), nor in CP949 (byte 1))"
    )
    assert refusal(b"\xef\xbb\xbfa\xb0\xa1").endswith("(the file is not in UTF-8 (byte 4))")
    assert refusal(b"\xff\xfea\0b").endswith("(the file is not in UTF-16 (byte 4))")


def test_nul_costs_its_row_where_it_is_read_and_no_other() -> None:
    first, second, third = read("order_id,total,memo\nA-1,1000,\0\nA\0-2,1000,\nA-3,1000,\n")

    assert (first, third) == (order("A-1"), order("A-3"))
    assert second == BadRow(
        "orders.csv:3", r"merchant_uid must not contain control characters: 'A\x00-2'"
    )


# What is no text.


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"PK\x03\x04rest", "is a workbook (.xlsx or .ods) or another archive: rename it to "),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "is a workbook (.xls, or .xlsx with a password)"),
        (b"%PDF-1.7", "is a PDF: open it in Excel"),
        ((FILES / "table_in_html.xls").read_bytes(), "is HTML, a page for a browser: open it in "),
        (
            b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet">',
            "is XML of Excel 2003",
        ),
        ("order_id,total\nA-1,1000\n".encode("utf-16-le"), "is not text: it is full of NUL bytes"),
    ],
)
def test_binary_file_is_named_with_advice(content: bytes, told: str) -> None:
    assert refusal(content).startswith(f"orders.csv: {told}")


def test_text_that_begins_with_a_bracket_is_text() -> None:
    assert refusal("<주문>,금액\n").startswith("orders.csv: no column looks like merchant_uid")
