"""Fuzz order files: the result is exact orders, bad rows, or one error.

An input is the name of the file on the first line, then its content.
"""

from __future__ import annotations

import codecs
import json
import re
import tempfile
from decimal import Decimal
from pathlib import Path
from typing import Any

from portone_async import PaymentStatus
from portone_async.cli.orders import BadRow, Item, Note, OrdersError, read_orders
from portone_async.cli.orders.cells.blanks import strip_blanks
from portone_async.cli.orders.readers.encoding import open_text
from portone_async.reconcile import Order

from .shape import assert_printable

__all__ = ("check",)

_NAMES = ("orders.csv", "orders.tsv", "orders.jsonl")
# Forty column names of sixty characters, escaped.
_MAX_ERROR = 5_000
_MAX_REASON = 500
_DELIMITERS = ",\t;|"
# The first bytes by which a zip archive (a workbook) and a PDF are recognized, also in UTF-8.
_SIGNATURES = (b"PK\x03\x04", b"%PDF-")

Read = list[Item] | None
"""The items of a file; ``None`` if it could not be read."""


def check(data: bytes) -> None:
    """Read a file, and check every order against its text.

    Raises:
        AssertionError: An order differs from the text, or is missing.
    """
    line, _, content = data.partition(b"\n")
    name = line.decode("latin-1")
    if name not in _NAMES:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        items = _read(path, content)
        if items is not None:
            text = _text(path)
            _check_lines(path, text, items)
            _check_count(name, text, items)
            for order in items:
                if isinstance(order, Order):
                    _check_order(order)
            orders = [order for order in items if isinstance(order, Order)]
            if name == "orders.jsonl":
                _check_values(text, orders)
            else:
                _check_cells(text, orders)
        _check_byte_order_mark(path, content, items)


def _read(path: Path, content: bytes) -> Read:
    path.write_bytes(content)
    try:
        return list(read_orders(str(path)))
    except OrdersError as error:
        assert_printable(str(error), _MAX_ERROR)
        return None


def _text(path: Path) -> str:
    with open_text(path, newline="\n") as text:
        return text.read()


def _check_order(order: Order) -> None:
    assert order.merchant_uid.strip()
    assert order.merchant_uid not in (".", "..")
    assert not re.search(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]", order.merchant_uid)
    assert order.amount.is_finite()
    assert 0 <= order.amount < 10**15
    assert re.fullmatch("[A-Z]{3}", order.currency, re.ASCII)
    assert order.status in list(PaymentStatus)


def _check_lines(path: Path, text: str, items: list[Item]) -> None:
    """Check that every bad row names another line of the file, and can be printed.

    Not in the file's order: sales that were refunded in part wait for their refund rows.
    """
    numbers: list[int] = []
    for item in items:
        if isinstance(item, Note):
            assert_printable(item.text, _MAX_REASON)
        elif isinstance(item, BadRow):
            assert_printable(item.reason, _MAX_REASON)
            where, _, number = item.where.rpartition(":")
            assert where == str(path)
            assert 1 <= int(number) <= text.count("\n") + 1
            numbers.append(int(number))
    assert len(numbers) == len(set(numbers))


def _check_count(name: str, text: str, items: list[Item]) -> None:
    """Check that every line is exactly one item, where a line is a row."""
    rows = sum(1 if not isinstance(item, Note) else _totals(item) for item in items)
    if name == "orders.jsonl":
        assert rows == sum(bool(line.strip().strip("\r\n\x1a")) for line in _lines(text))
    elif not set('"\r') & set(text):
        blank = [
            strip_blanks(re.sub(rf"[\x1a{_DELIMITERS}]", "", line)) == "" for line in _lines(text)
        ]
        # A header has up to three rows, from the first line unless a note has another.
        above = next(
            (
                int(item.where.rpartition(":")[2]) - 1
                for item in items
                if isinstance(item, Note) and "header" in item.text
            ),
            0,
        )
        above += text.lower().startswith("sep=")
        assert blank[above:].count(False) - 3 <= rows < len(blank)


def _totals(note: Note) -> int:
    """Return the number of total rows in a note."""
    match = re.fullmatch(r"a total row, .*?(?:, and ([0-9,]+) more)?", note.text)
    return 1 + int((match[1] or "0").replace(",", "")) if match else 0


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _check_cells(text: str, orders: list[Order]) -> None:
    """Check that the number and amount of every order are in the text, digit by digit."""
    # Quotes may be doubled or enclose a field; commas may group digits or separate fields.
    plain, digits = text.replace('"', ""), text.replace(",", "")
    for order in orders:
        assert order.merchant_uid.replace('"', "") in plain
        assert f"{order.amount:f}" in digits


def _check_values(text: str, orders: list[Order]) -> None:
    """Check the number and amount of every order against the values of one line."""
    lines = _lines(text)
    for order in orders:
        assert any(_holds(line, order) for line in lines)


def _holds(line: str, order: Order) -> bool:
    try:
        values = _values(line)
    except RecursionError:
        return True  # The stack here is deeper than in the reader.
    texts = [str(value) for value in values]
    # A spreadsheet displays ="1" as 1.
    texts += [text[2:-1].replace('""', '"') for text in texts if text.startswith('="')]
    return order.merchant_uid in [*texts, *map(strip_blanks, texts)] and any(
        value == order.amount
        if isinstance(value, int | Decimal)
        else f"{order.amount:f}" in str(value).replace(",", "")
        for value in values
    )


def _values(line: str) -> list[Any]:
    pairs: list[tuple[str, Any]] = []
    try:
        json.loads(
            line.strip("\r\n\x1a"),
            parse_float=_number,
            parse_int=Decimal,
            object_pairs_hook=pairs.extend,
            strict=False,
        )
    except ValueError:
        return []
    return [value for _, value in pairs]


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except ArithmeticError:
        return Decimal("Infinity")


def _check_byte_order_mark(path: Path, content: bytes, items: Read) -> None:
    """Check that UTF-8 with a byte order mark is read the same, if it is taken for text at all."""
    marks = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
    if content.startswith((*marks, *_SIGNATURES)):
        return
    if content.count(0) * 20 > len(content):
        return  # Near the share of NULs from which a file is binary: the mark changes the share.
    try:
        content.decode()
    except UnicodeDecodeError:
        return
    assert _read(path, codecs.BOM_UTF8 + content) == items
