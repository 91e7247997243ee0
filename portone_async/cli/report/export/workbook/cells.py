"""Cells: texts that stay texts, amounts that stay exact, and times that are dates of Excel."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, tzinfo
from decimal import Decimal
from typing import TypeAlias

from msgspec import Struct

from portone_async.cli.escape import escape_order_number
from portone_async.cli.report.money import decimal_places, format_amount
from portone_async.cli.zone import in_zone

from .book import Book, Format, Worksheet

__all__ = ("Amount", "Cells", "Formats", "Value")

_MAX_UNITS = 32_767
"""UTF-16 code units of the longest text of a cell:
https://support.microsoft.com/office/1672b34d-7043-467e-8e27-269d656771c3"""
_MAX_PLACES = 30
"""The most decimals that Excel displays."""
_FIRST_YEAR = 1901
"""Excel has no dates before 1900, and a wrong day in that year."""


class Amount(Struct, frozen=True):
    """An amount of money."""

    amount: Decimal
    currency: str


Value: TypeAlias = str | int | Amount | datetime | None
"""The value of a cell; ``None`` for an empty cell. Times are aware."""


class Formats:
    """The formats of the cells of a workbook."""

    def __init__(self, book: Book) -> None:
        self._book = book
        self._amounts: dict[tuple[int, bool], Format] = {}
        self.title = book.add_format(bold=True, font_size=16)
        self.heading = book.add_format(bold=True, font_size=12)
        self.label = book.add_format(font_color="#555555")
        self.note = book.add_format(text_wrap=True, valign="top")
        self.warning = book.add_format(
            text_wrap=True, valign="top", bold=True, font_color="#B00020"
        )
        self.header = book.add_format(bold=True, bg_color="#E8ECF1", bottom=1)
        self.total = book.add_format(bold=True)
        self.part = book.add_format(indent=1)
        self.count = book.add_format(num_format="#,##0")
        self.time = book.add_format(num_format="yyyy-mm-dd hh:mm:ss")
        self.text = book.add_format(num_format="@")
        self.long_amount = book.add_format(num_format="@", align="right")

    def amount(self, places: int, *, is_total: bool = False) -> Format:
        """Return the format of an amount with a number of decimals."""
        key = places, is_total
        if key not in self._amounts:
            decimals = f".{'0' * places}" if places else ""
            self._amounts[key] = self._book.add_format(num_format=f"#,##0{decimals}", bold=is_total)
        return self._amounts[key]


class Cells:
    """Writes the cells of a sheet.

    Args:
        sheet: The sheet. Its rows must be written from the first to the last.
        formats: The formats of its workbook.
        zone: The time zone of all times.
    """

    def __init__(self, sheet: Worksheet, formats: Formats, zone: tzinfo) -> None:
        self._sheet = sheet
        self._formats = formats
        self._zone = zone

    def write_row(self, row: int, values: Iterable[Value]) -> None:
        """Write the values of a row from its first cell on."""
        for column, value in enumerate(values):
            if value is not None:
                self.write(row, column, value)

    def write(self, row: int, column: int, value: str | int | Amount | datetime) -> None:
        """Write a value."""
        if isinstance(value, str):
            self.write_text(row, column, value)
        elif isinstance(value, Amount):
            self.write_amount(row, column, value)
        elif isinstance(value, datetime):
            self._write_time(row, column, value)
        else:
            self._sheet.write_number(row, column, value, self._formats.count)

    def write_text(self, row: int, column: int, text: str, style: Format | None = None) -> None:
        """Write a text, whatever it looks like."""
        self._sheet.write_string(row, column, _cell_text(text), style)

    def write_amount(self, row: int, column: int, value: Amount, *, is_total: bool = False) -> None:
        """Write an amount as a number; as a text if it has more digits than Excel stores."""
        places = _places(value)
        if places is None:
            text = format_amount(value.amount, value.currency)
            self._sheet.write_string(row, column, text, self._formats.long_amount)
        else:
            style = self._formats.amount(places, is_total=is_total)
            self._sheet.write_number(row, column, float(value.amount), style)

    def _write_time(self, row: int, column: int, time: datetime) -> None:
        local = in_zone(time, self._zone)
        if local.year < _FIRST_YEAR:
            self._sheet.write_string(row, column, local.isoformat(" ", "seconds"))
        else:
            naive = local.replace(tzinfo=None)
            self._sheet.write_datetime(row, column, naive, self._formats.time)


def _cell_text(text: str) -> str:
    r"""Escape control characters, which XML cannot hold, as ``\x1b``, and truncate a long text."""
    text = _truncate(escape_order_number(text))
    if text.startswith("<r>") and text.endswith("</r>"):
        # XlsxWriter takes it for its own XML, and writes it without escaping: it could be a formula.
        return text.replace("<", r"\x3c", 1)
    return text


def _truncate(text: str) -> str:
    if 2 * len(text) <= _MAX_UNITS:
        return text
    units = text.encode("utf-16-le")
    if len(units) <= 2 * _MAX_UNITS:
        return text
    return units[: 2 * (_MAX_UNITS - 1)].decode("utf-16-le", "ignore") + "…"


def _places(value: Amount) -> int | None:
    """Return the decimals to display, or ``None`` if Excel would round the amount.

    Excel stores a float and displays 15 significant digits of it:
    https://learn.microsoft.com/office/troubleshoot/excel/floating-point-arithmetic-inaccurate-result
    """
    amount = value.amount
    if Decimal(f"{float(amount):.15G}") != amount:
        return None
    places = max(decimal_places(value.currency), _needed_places(amount))
    return places if places <= _MAX_PLACES else None


def _needed_places(amount: Decimal) -> int:
    _, digits, exponent = amount.as_tuple()
    assert isinstance(exponent, int)
    if exponent >= 0:
        return 0
    zeros = 0
    while zeros < len(digits) and digits[-1 - zeros] == 0:
        zeros += 1
    return max(0, -exponent - zeros)
