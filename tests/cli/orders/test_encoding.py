"""The encoding is detected; a broken character makes at most one bad row."""

from __future__ import annotations

import io
import json
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.cli.orders import BadRow, OrdersError, read_orders
from portone_async.cli.orders.readers import encoding
from tests.support.order_files import order, order_numbers_of, read, read_error

CUT_SYLLABLE = {"utf-8": "메모".encode()[:-1], "cp949": "메모".encode("cp949")[:-1]}


def test_unicode_text_of_excel_is_read() -> None:
    content = b"\xff\xfe" + "주문번호\t금액\r\n가-1\t1,000\r\n".encode("utf-16-le")

    assert read(content, "orders.txt") == [order("가-1")]


def test_cp949_is_detected_by_one_syllable_at_the_end() -> None:
    # C8 A3 is 호, and valid UTF-8 too; only the last line is not.
    content = b"order_id,total\n" + b"\xc8\xa3-1,1000\n" * 5 + b"A-1,1000\n" * 2_000

    with patch.object(encoding, "_CHUNK", 1_000):
        items = read(content + "길동,1000\n".encode("cp949"))

    assert (items[0], items[-1]) == (order("호-1"), order("길동"))


@pytest.mark.parametrize(
    ("codec", "mark"),
    [("utf-8", b""), ("utf-8-sig", b"\xef\xbb\xbf"), ("cp949", b""), ("utf-16", b"\xff\xfe")],
)
@given(
    content=st.binary(max_size=30) | st.text(max_size=20).map(str.encode),
    chunk=st.integers(1, 5),
)
def test_decode_error_is_found_wherever_the_chunks_end(
    codec: str, mark: bytes, content: bytes, chunk: int
) -> None:
    content = mark + (content if codec == "utf-16" else content.replace(b"\0", b"0"))
    try:
        content.decode(codec)
        offset = None
    except UnicodeDecodeError as error:
        # The UTF-8 decoder counts without the mark.
        offset = error.start + (len(mark) if codec == "utf-8-sig" else 0)

    with patch.object(encoding, "_CHUNK", chunk):
        assert encoding.find_decode_error(io.BytesIO(content), codec) == offset


@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "cp949"])
def test_cut_character_in_a_needed_column_makes_one_bad_row(codec: str) -> None:
    cut = CUT_SYLLABLE[codec.removesuffix("-sig")]
    head = "주문번호,결제금액,상품명,비고\n가-1,1000,티셔츠,색상은 나중에\n".encode(codec)
    rows = "가-2,1000,긴팔,".encode(codec.removesuffix("-sig")) + cut + b"\n" + cut + b",1000,,\n"
    end = "가-4,1000,양말,문 앞에 놓아 주세요\n".encode(codec.removesuffix("-sig"))

    first, second, third, last = read(head + rows + end)

    assert (first, second, last) == (order("가-1"), order("가-2"), order("가-4"))
    assert isinstance(third, BadRow)
    assert third.where == "orders.csv:4"
    assert third.reason.startswith("merchant_uid is not valid Unicode: ")


def test_half_a_surrogate_pair_makes_one_bad_row() -> None:
    rows = "order_id\ttotal\nA-1\t1000\nA".encode("utf-16-le")
    rows += b"\x3d\xd8" + "\t1000\nA-3\t1000\n".encode("utf-16-le")

    first, second, third = read(b"\xff\xfe" + rows)
    assert (first, third) == (order("A-1"), order("A-3"))
    assert isinstance(second, BadRow)
    assert "not valid Unicode" in second.reason

    # Also if the file ends in the middle of a character.
    assert order_numbers_of(read(b"\xff\xfe" + rows + b"A")) == ["A-1", "A-3"]


def test_cut_character_in_an_unread_json_member_is_ignored() -> None:
    lines = [
        json.dumps({"order_id": f"가-{n}", "total": 1000, "memo": "메모"}, ensure_ascii=False)
        for n in range(3)
    ]
    content = "\n".join(lines).encode()
    content = content.replace("메모".encode(), CUT_SYLLABLE["utf-8"], 1)

    assert order_numbers_of(read(content, "orders.jsonl")) == ["가-0", "가-1", "가-2"]


def test_utf_8_with_a_cut_character_is_not_read_as_cp949() -> None:
    # All of it is valid CP949, as other words.
    content = "order_id,total\n멋멋,1000\n멋멋,1000\n".encode() + b"\xeb,1000\n"
    content.decode("cp949", "surrogateescape")

    assert order_numbers_of(read(content)) == ["멋멋", "멋멋"]


def test_error_has_the_offset_of_the_first_bad_byte() -> None:
    assert read_error(b"a\xff\xb0\n").endswith(
        "(the file is not in UTF-8 (byte 1), nor in CP949 (byte 1))"
    )
    assert read_error(b"\xef\xbb\xbfa\xb0\xa1").endswith("(the file is not in UTF-8 (byte 4))")
    assert read_error(b"\xff\xfea\0b").endswith("(the file is not in UTF-16 (byte 4))")


def test_file_changed_while_reading_is_an_error() -> None:
    path = Path("orders.csv")
    path.write_text("order_id,total\n" + "A-1,1000\n" * 10_000, encoding="utf-8")
    rows = read_orders(str(path))
    next(rows)
    with path.open("ab") as file:
        file.write(b"\xff")

    with pytest.raises(OrdersError, match="was changed while it was read"):
        list(rows)


class _Pipe(io.BytesIO):
    def seekable(self) -> bool:
        return False


def test_pipe_is_rejected() -> None:
    with patch.object(Path, "open", return_value=_Pipe(b"order_id,total\n")):
        rows = read_orders("orders.csv")
        with pytest.raises(OrdersError, match="cannot be read twice"):
            next(rows)
