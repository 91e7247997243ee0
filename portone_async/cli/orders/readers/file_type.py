"""Detect a file whose content does not fit its name; the error explains what to do. Pure."""

from __future__ import annotations

import codecs
from enum import Enum

from portone_async._worded import Worded
from portone_async.cli.orders.errors import OrdersError

__all__ = ("SNIFF_BYTES", "check_is_text", "check_is_workbook")

SNIFF_BYTES = 4096
"""The length of the beginning of a file that these functions need."""

_SAVE_AS = Worded(
    "open it in Excel or LibreOffice, save it as .xlsx or 'CSV UTF-8', and use that file"
)
_TAGS = (b"<html", b"<!doctype html", b"<head", b"<body", b"<table", b"<meta", b"<style", b"<tr")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class _FileType(Enum):
    """The true type of a file, worded for a message."""

    ZIP = Worded("a workbook (.xlsx or .ods) or another archive")
    OLE = Worded("a workbook (.xls, or .xlsx with a password)")
    PDF = Worded("a PDF")
    HTML = Worded("HTML, a page for a browser")
    XML = Worded("XML of Excel 2003")
    BINARY = Worded("not text: it is full of NUL bytes (UTF-16 needs a byte order mark)")
    TEXT = Worded("text")


def check_is_text(start: bytes) -> None:
    """Check that a file can be read as text.

    Raises:
        OrdersError: It is something else; the message explains what to do.
    """
    file_type = _detect(start)
    if file_type is _FileType.TEXT:
        return
    if file_type in {_FileType.ZIP, _FileType.OLE}:
        suffix = "xlsx" if file_type is _FileType.ZIP else "xls"
        raise OrdersError(
            Worded(
                "is {type}: rename it to .{suffix}, or use --format {suffix}",
                type=file_type.value,
                suffix=suffix,
            )
        )
    raise OrdersError(Worded("is {type}: {hint}", type=file_type.value, hint=_SAVE_AS))


def check_is_workbook(start: bytes) -> None:
    """Check that a file may be a workbook.

    Raises:
        OrdersError: It cannot be one; the message explains what to do.
    """
    if not start:
        raise OrdersError(Worded("is empty"))
    file_type = _detect(start)
    if file_type in {_FileType.ZIP, _FileType.OLE}:
        return
    if file_type is _FileType.TEXT:
        raise OrdersError(
            Worded(
                "is text, not a workbook, despite its name: use --format csv, or rename it to .csv"
            )
        )
    raise OrdersError(
        Worded(
            "is {type}, not a workbook, despite its name: {hint}",
            type=file_type.value,
            hint=_SAVE_AS,
        )
    )


def _detect(start: bytes) -> _FileType:
    if start.startswith(b"PK\x03\x04"):
        return _FileType.ZIP
    if start.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _FileType.OLE
    if start.startswith(b"%PDF-"):
        return _FileType.PDF
    # Some text files contain a few NUL bytes.
    if not start.startswith(_UTF_16) and start.count(0) * 10 > len(start):
        return _FileType.BINARY
    return _detect_markup(start)


def _detect_markup(start: bytes) -> _FileType:
    for mark in (codecs.BOM_UTF8, *_UTF_16):
        start = start.removeprefix(mark)
    text = start.replace(b"\0", b"").lstrip().lower()  # Without NULs, UTF-16 reads as ASCII.
    if text.startswith(b"mime-version:"):
        return _FileType.HTML
    if not text.startswith(b"<"):
        return _FileType.TEXT
    if b"urn:schemas-microsoft-com:office:spreadsheet" in text and not text.startswith(b"<html"):
        return _FileType.XML
    return _FileType.HTML if any(tag in text for tag in _TAGS) else _FileType.TEXT
