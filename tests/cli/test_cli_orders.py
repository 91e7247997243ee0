"""Orders in text files: CSV and JSON Lines, in the encodings that shops have."""

from __future__ import annotations

import csv
import io
import json
import tempfile
import tracemalloc
from decimal import Decimal
from pathlib import Path
from typing import Literal
from unittest.mock import patch

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from portone_async.cli.orders import (
    BadRow,
    Format,
    Item,
    OrdersError,
    read_orders,
)
from portone_async.cli.orders.cells.blanks import strip_blanks
from portone_async.cli.orders.cells.merchant_uid import is_placeholder
from portone_async.cli.orders.cells.rounded import is_rounded
from portone_async.cli.orders.cells.total_labels import is_total_row
from portone_async.cli.orders.readers import encoding
from portone_async.reconcile.finding import Order
from tests.support.strategies import order_numbers

CRLF = "\r\n"


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(name: str, content: str | bytes, **options: object) -> list[Item]:
    Path(name).write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_orders(name, **options))  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] (handed on)


def refusal(name: str, content: str | bytes, **options: object) -> str:
    with pytest.raises(OrdersError) as caught:
        read(name, content, **options)
    return str(caught.value)


def rounded(merchant_uid: str) -> str:
    return (
        f"merchant_uid has been rounded by a spreadsheet or another tool: {merchant_uid!r}; "
        "export order numbers as text"
    )


def order(merchant_uid: str, amount: int | str = 1000) -> Order:
    return Order(merchant_uid, Decimal(amount))


amounts = st.decimals(0, 10**15 - 1, places=2) | st.integers(0, 10**15 - 1).map(Decimal)


def _is_kept(merchant_uid: str) -> bool:
    """Whether it is read as it is: no trace of a spreadsheet, no blank around it, not a dot."""
    return (
        bool(merchant_uid)
        and merchant_uid == strip_blanks(merchant_uid)
        and not is_total_row([merchant_uid, "합계"], 0)
        and merchant_uid not in {".", ".."}
        and not merchant_uid.startswith(('="', "'"))
        and not is_placeholder(merchant_uid)
        and not is_rounded(merchant_uid)
    )


def rows_in(codec: str) -> st.SearchStrategy[list[tuple[str, Decimal, str]]]:
    texts = st.text(st.characters(codec=codec, exclude_categories=["Cs", "Cc"]), max_size=60)
    memos = st.text(
        st.characters(codec=codec, exclude_categories=["Cs"], exclude_characters="\0"), max_size=60
    )
    return st.lists(st.tuples(texts.filter(_is_kept), amounts, memos), min_size=1, max_size=5)


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16", "cp949"])
@given(
    data=st.data(),
    delimiter=st.sampled_from([",", ";", "\t"]),
    end=st.sampled_from(["\n", CRLF]),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
)
def test_any_order_in_a_csv_comes_back_unchanged(
    codec: str, data: st.DataObject, delimiter: str, end: str, quoting: Literal[0, 1]
) -> None:
    rows = data.draw(rows_in("utf-8" if codec != "cp949" else codec))
    # Before Python 3.13 its writer leaves a lone CR unquoted, and that is not CSV.
    assume(end == CRLF or quoting == csv.QUOTE_ALL or not any("\r" in memo for *_, memo in rows))
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=end, quoting=quoting)
    writer.writerow(["주문번호", "금액", "메모"])
    writer.writerows(rows)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "orders.csv")
        path.write_bytes(text.getvalue().encode(codec))

        found = list(read_orders(str(path)))

    assert found == [Order(merchant_uid, amount) for merchant_uid, amount, _ in rows]
    assert [str(each.amount) for each in found if isinstance(each, Order)] == [
        str(amount) for _, amount, _ in rows
    ]


def test_every_field_of_an_order_is_read() -> None:
    found = read(
        "orders.csv",
        "주문번호,결제금액,통화,결제상태,구매자\r\n"
        '0001,"1,000",,결제완료,홍길동\r\n'
        '="0002",10.50,usd,환불,홍길동\r\n',
    )

    assert found == [
        Order("0001", Decimal(1000), "KRW", "paid"),
        Order("0002", Decimal("10.50"), "USD", "cancelled"),
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
def test_the_delimiter_is_told_by_the_suffix_or_the_header(name: str, content: str) -> None:
    assert read(name, content) == [order("A,1")]


def test_a_delimiter_and_a_format_can_be_said() -> None:
    content = "order_id:total\nA,1:1000\n"

    assert read("orders.log", content, source_format=Format.CSV, delimiter=":") == [order("A,1")]


def test_the_unicode_text_of_excel_is_read() -> None:
    content = b"\xff\xfe" + "주문번호\t금액\r\n가-1\t1,000\r\n".encode("utf-16-le")

    assert read("orders.txt", content) == [order("가-1")]


def test_one_syllable_of_cp949_at_the_end_of_a_long_ascii_file_is_enough_to_tell() -> None:
    # C8 A3 is 호, and it is UTF-8 as well; only what comes last is not.
    content = b"order_id,total\n" + b"\xc8\xa3-1,1000\n" * 5 + b"A-1,1000\n" * 200_000

    found = read("orders.csv", content + "길동,1000\n".encode("cp949"))

    assert (found[0], found[-1]) == (order("호-1"), order("길동"))


def test_a_bad_row_is_named_by_the_line_on_which_it_begins() -> None:
    found = read(
        "orders.csv",
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

    assert found == [
        BadRow("orders.csv:2", "amount is not a plain number: 'x1000'"),
        BadRow("orders.csv:6", "amount is empty"),
        BadRow("orders.csv:7", "has 2 fields, but the header has 3"),
        BadRow("orders.csv:8", "has 4 fields, but the header has 3"),
        order("A-5"),
        BadRow("orders.csv:10", "merchant_uid is empty"),
    ]


def test_a_stray_quote_is_a_bad_row_that_says_which_lines_it_has_swallowed() -> None:
    found = read(
        "orders.csv",
        'order_id,total\n"5" pipe,1000\nA-2,1000\n"A-3,1000\nA-4,1000\n"A-5",1000\nA-6,1000\n"A-7',
    )

    assert [each.where for each in found if isinstance(each, BadRow)] == [
        "orders.csv:2",
        "orders.csv:4",
        "orders.csv:8",
    ]
    assert [each for each in found if isinstance(each, Order)] == [order("A-2"), order("A-6")]
    reasons = [each.reason for each in found if isinstance(each, BadRow)]
    assert reasons[0].startswith("a quote is not closed, or not doubled (")
    assert reasons[1].startswith("lines 4 to 6 are lost: a quote is not closed, or not doubled (")


def test_a_line_break_without_quotes_makes_one_bad_row_and_not_two_rows() -> None:
    found = read("orders.csv", "memo,order_id,total\nm,A-1,1000\rm,A-2,1000\nm,A-3,1000\n")

    assert found == [
        BadRow(
            "orders.csv:2",
            "a line break (CR, which old Macs end lines with) in a field without quotes",
        ),
        order("A-3"),
    ]


def test_a_quote_that_swallows_without_end_ends_the_reading() -> None:
    # Behind its limit the parser would take the inside of a memo for orders.
    content = 'order_id,total,memo\nA-1,1000,"' + "A-9,5000,x\n" * 20_000 + '"\nA-2,1000,\n'

    rows = read_orders(str(_written("orders.csv", content)))
    with pytest.raises(OrdersError) as caught:
        list(rows)

    assert str(caught.value) == (
        "orders.csv: line 2: a field of more than 131072 characters: is a quote not closed?"
    )


def _written(name: str, content: str) -> Path:
    path = Path(name)
    path.write_text(content, encoding="utf-8", newline="")
    return path


def test_won_and_another_currency_contradict_each_other() -> None:
    assert read("orders.csv", "order_id,total,currency\nA-1,₩1000,USD\nA-2,₩1000,KRW\n") == [
        BadRow("orders.csv:2", "amount is in won, but currency is USD"),
        order("A-2"),
    ]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "is empty: it has no header"),
        (b"\n,,\n", "is empty: it has no header"),
        (b'"order_id,total\n', "the header cannot be read: a quote is not closed, or not doubled"),
        (
            b"id,total\n",
            "no column looks like merchant_uid: name it with --columns merchant_uid=COLUMN; columns found: 'id', ",
        ),
        (b"order_id,total\rA,1\r", "the header cannot be read: a line break (CR, which old Macs "),
    ],
)
def test_what_cannot_be_read_at_all_says_why(content: bytes, problem: str) -> None:
    assert refusal("orders.csv", content).startswith(f"orders.csv: {problem}")


@pytest.mark.parametrize(
    ("codec", "mark"),
    [("utf-8", b""), ("utf-8-sig", b"\xef\xbb\xbf"), ("cp949", b""), ("utf-16", b"\xff\xfe")],
)
@given(
    content=st.binary(max_size=30) | st.text(max_size=20).map(str.encode),
    piece=st.integers(1, 5),
)
def test_the_first_misfit_is_found_wherever_the_pieces_end(
    codec: str, mark: bytes, content: bytes, piece: int
) -> None:
    content = mark + (content if codec == "utf-16" else content.replace(b"\0", b"0"))
    try:
        content.decode(codec)
        offset = None
    except UnicodeDecodeError as error:
        # UTF-8's decoder counts without the mark.
        offset = error.start + (len(mark) if codec == "utf-8-sig" else 0)

    with patch.object(encoding, "_CHUNK", piece):
        assert encoding.find_decode_error(io.BytesIO(content), codec) == offset


@given(st.text(st.sampled_from("A1,.\"\n\r\t '{}[]:=\\-₩원\x1b\u202e")), st.sampled_from(Format))
def test_whatever_a_text_file_holds_it_ends_in_orders_bad_rows_or_an_error(
    text: str, source_format: Format
) -> None:
    if source_format in {Format.SQLITE, Format.POSTGRESQL, Format.PARQUET}:
        source_format = Format.CSV
    head = "order_id,total\n" if source_format is Format.CSV else ""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "o")
        path.write_text(head + text, encoding="utf-8", newline="")
        try:
            found = list(read_orders(str(path), source_format=source_format))
        except OrdersError as error:
            assert str(error).isprintable()
            return

    assert all(each.reason.isprintable() for each in found if isinstance(each, BadRow))


def test_nothing_of_a_bad_row_is_told_but_the_cell_that_is_bad() -> None:
    content = f"order_id,total,buyer\nA-1,{'x' * 500},홍길동\n홍길동\n"

    told = repr(read("orders.csv", content))

    assert "홍길동" not in told
    assert "A-1" not in told
    assert told.count("x") == 59


def test_a_file_is_read_as_it_is_asked_for_and_memory_does_not_grow() -> None:
    path = _written("orders.csv", "order_id,total,memo\n" + f"A-1,1000,{'m' * 100}\n" * 50_000)
    with patch.object(encoding, "_CHUNK", 10_000):
        tracemalloc.start()
        try:
            rows = read_orders(str(path))
            count = sum(1 for _ in rows)
            _, peak = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

    assert count == 50_000
    assert peak < 500_000


def test_leaving_early_closes_the_file() -> None:
    path = _written("orders.csv", "order_id,total\nA-1,1000\nA-2,1000\n")
    opened = path.open("rb")
    with patch.object(Path, "open", return_value=opened):
        rows = read_orders(str(path))
        assert next(rows) == order("A-1")
        assert not opened.closed
        rows.close()

    assert opened.closed


def test_a_file_that_changes_while_it_is_read_is_an_error_and_no_crash() -> None:
    path = _written("orders.csv", "order_id,total\n" + "A-1,1000\n" * 10_000)
    rows = read_orders(str(path))
    next(rows)
    with path.open("ab") as file:
        file.write(b"\xff")

    with pytest.raises(OrdersError, match="was changed while it was read"):
        list(rows)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet", "db"])
def test_a_file_that_is_not_there_is_said_so(suffix: str) -> None:
    source = f"no\x1b.{suffix}"
    rows = read_orders(source, query="SELECT 1" if suffix == "db" else None)

    with pytest.raises(OrdersError) as caught:
        next(rows)

    assert str(caught.value) == f"no\\x1b.{suffix}: No such file or directory"
    assert not Path(source).exists()


def test_a_pipe_is_refused_instead_of_read_by_halves() -> None:
    with patch.object(Path, "open", return_value=_Pipe(b"order_id,total\n")):
        rows = read_orders("orders.csv")
        with pytest.raises(OrdersError, match="cannot be read twice"):
            next(rows)


class _Pipe(io.BytesIO):
    def seekable(self) -> bool:
        return False


@pytest.mark.parametrize(
    ("source", "options", "problem"),
    [
        ("orders.hwp", {}, "orders.hwp: the name does not tell the format"),
        ("orders", {}, "orders: the name does not tell the format"),
        ("mysql://u:secret@h/d", {}, "only postgresql:// addresses are supported"),
        ("orders.db", {}, "a database needs a query"),
        ("postgresql://h/d", {}, "a database needs a query"),
        ("orders.csv", {"query": "SELECT 1"}, "a query is for databases, not for csv"),
        ("orders.csv", {"delimiter": "::"}, "a delimiter is one character"),
        ("orders.csv", {"delimiter": '"'}, "a delimiter is one character"),
        ("orders.jsonl", {"delimiter": ","}, "a delimiter is one character, and only for CSV"),
    ],
)
def test_what_can_be_no_source_is_refused_at_once(
    source: str, options: dict[str, str], problem: str
) -> None:
    with pytest.raises(OrdersError) as caught:
        read_orders(source, **options)  # type: ignore[arg-type] # pyright: ignore[reportArgumentType] (texts)

    assert str(caught.value).startswith(problem)
    assert "secret" not in str(caught.value)


@given(st.lists(st.tuples(order_numbers.filter(_is_kept), amounts), min_size=1, max_size=5))
def test_any_order_in_json_lines_comes_back_unchanged(rows: list[tuple[str, Decimal]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "orders.ndjson")
        lines = [f'{{"order_id": {json.dumps(uid)}, "total": {total}}}\n' for uid, total in rows]
        path.write_text("".join(lines), encoding="utf-8")

        found = list(read_orders(str(path)))

    assert found == [Order(merchant_uid, amount) for merchant_uid, amount in rows]


def test_a_bad_line_of_json_is_named_and_the_others_are_read() -> None:
    found = read(
        "orders.jsonl",
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
    )
    assert found == [
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
        BadRow("orders.jsonl:9", rounded("1.5")),
        BadRow("orders.jsonl:10", "amount is of type Object: \"(('krw', 1),)\""),
        BadRow("orders.jsonl:11", rounded("Infinity")),
        BadRow("orders.jsonl:12", "not JSON of an order: it is nested too deeply"),
        BadRow("orders.jsonl:13", "amount is not a number: 'Infinity'"),
        BadRow(
            "orders.jsonl:14",
            "no column looks like merchant_uid: name it with --columns merchant_uid=COLUMN; columns found: ",
        ),
        order("A-15"),
    ]
    assert str(found[-1].amount) == "1000"  # type: ignore[union-attr] # pyright: ignore[reportAttributeAccessIssue] (an order)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "has no line with an order"),
        ('{"id": 1}\n{"order_id": 1, "amount": 1}\n', "no column looks like merchant_uid"),
    ],
)
def test_json_lines_without_orders_are_an_error(content: str, problem: str) -> None:
    assert refusal("orders.jsonl", content).startswith(f"orders.jsonl: {problem}")
