"""A file of orders of any kind: orders exactly as they stand there, bad rows, or one error.

An input is the file's name, then the file.
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

from .shape import assert_fit_to_be_shown

__all__ = ("check",)

_NAMES = ("orders.csv", "orders.tsv", "orders.jsonl")
# Forty names of columns, sixty characters each, and their escapes.
_LONGEST_ERROR = 5_000
_LONGEST_REASON = 500
_DELIMITERS = ",\t;|"

Read = list[Item] | None
"""What was read; ``None`` for a file that is none of orders."""


def check(data: bytes) -> None:
    """Read it, and hold each order against the file.

    Raises:
        AssertionError: An order is not what stands there, or one is lost.
    """
    line, _, content = data.partition(b"\n")
    name = line.decode("latin-1")
    if name not in _NAMES:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        found = _read(path, content)
        if found is not None:
            text = _text(path)
            _check_lines(path, text, found)
            _check_count(name, text, found)
            for order in found:
                if isinstance(order, Order):
                    _check_order(order)
            orders = [order for order in found if isinstance(order, Order)]
            if name == "orders.jsonl":
                _check_values(text, orders)
            else:
                _check_cells(text, orders)
        if not content.startswith((codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
            _check_mark(path, content, found)


def _read(path: Path, content: bytes) -> Read:
    path.write_bytes(content)
    try:
        return list(read_orders(str(path)))
    except OrdersError as error:
        assert_fit_to_be_shown(str(error), _LONGEST_ERROR)
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


def _check_lines(path: Path, text: str, found: list[Item]) -> None:
    """Check that each bad row names another line of the file, and can be printed.

    Not in the file's order: sales that were refunded in part wait for their refund rows.
    """
    numbers: list[int] = []
    for each in found:
        if isinstance(each, Note):
            assert_fit_to_be_shown(each.text, _LONGEST_REASON)
        elif isinstance(each, BadRow):
            assert_fit_to_be_shown(each.reason, _LONGEST_REASON)
            where, _, number = each.where.rpartition(":")
            assert where == str(path)
            assert 1 <= int(number) <= text.count("\n") + 1
            numbers.append(int(number))
    assert len(numbers) == len(set(numbers))


def _check_count(name: str, text: str, found: list[Item]) -> None:
    """No line disappears and none comes twice, where a line is a row."""
    rows = sum(1 if not isinstance(each, Note) else _totals(each) for each in found)
    if name == "orders.jsonl":
        assert rows == sum(bool(line.strip().strip("\r\n\x1a")) for line in _lines(text))
    elif not set('"\r') & set(text):
        blank = [
            strip_blanks(re.sub(rf"[\x1a{_DELIMITERS}]", "", line)) == "" for line in _lines(text)
        ]
        # A header has up to three rows, and is the first line unless a note says which it is.
        above = next(
            (
                int(each.where.rpartition(":")[2]) - 1
                for each in found
                if isinstance(each, Note) and "header" in each.text
            ),
            0,
        )
        above += text.lower().startswith("sep=")
        assert blank[above:].count(False) - 3 <= rows < len(blank)


def _totals(note: Note) -> int:
    """Return how many total rows a note stands for."""
    found = re.fullmatch(r"a total row, .*?(?:, and ([0-9,]+) more)?", note.text)
    return 1 + int((found[1] or "0").replace(",", "")) if found else 0


def _lines(text: str) -> list[str]:
    return re.findall(r"[^\n]*\n|[^\n]+", text)


def _check_cells(text: str, orders: list[Order]) -> None:
    """An order's number and amount stand in the file, digit by digit."""
    # Quotes are doubled, or around; commas group, or set apart.
    plain, digits = text.replace('"', ""), text.replace(",", "")
    for order in orders:
        assert order.merchant_uid.replace('"', "") in plain
        assert f"{order.amount:f}" in digits


def _check_values(text: str, orders: list[Order]) -> None:
    """An order's number and amount are values of one line, by another parser's account."""
    lines = _lines(text)
    for order in orders:
        assert any(_holds(line, order) for line in lines)


def _holds(line: str, order: Order) -> bool:
    try:
        values = _values(line)
    except RecursionError:
        return True  # What is left of the stack here is less than the reader had.
    texts = [str(value) for value in values]
    # ="1" is 1 to whoever uses a spreadsheet.
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


def _check_mark(path: Path, content: bytes, found: Read) -> None:
    """UTF-8 with Excel's mark is the same file."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return
    assert _read(path, codecs.BOM_UTF8 + content) == found
