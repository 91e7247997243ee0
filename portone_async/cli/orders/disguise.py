"""Recognise a file that is not what its name says, and say what to do with it. Pure."""

from __future__ import annotations

import codecs
from enum import StrEnum

from .errors import OrdersError

__all__ = ("START", "refuse_as_text", "refuse_as_workbook")

START = 4096
"""How many bytes of a file are enough."""

_SAVE = "open it in Excel or LibreOffice, save it as .xlsx or 'CSV UTF-8', and give that file"
_TAGS = (b"<html", b"<!doctype html", b"<head", b"<body", b"<table", b"<meta", b"<style", b"<tr")
_UTF_16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)


class _Kind(StrEnum):
    """The true kind of a file, as text for a message."""

    ZIP = "a workbook (.xlsx or .ods) or another archive"
    OLE = "a workbook (.xls, or .xlsx with a password)"
    PDF = "a PDF"
    HTML = "HTML, a page for a browser"
    XML = "XML, as Excel 2003 wrote it"
    BINARY = "not text: there are NULs all over it (UTF-16 has a byte order mark)"
    TEXT = "text"


def refuse_as_text(start: bytes) -> None:
    """Refuse a file that is to be read as text and is something else.

    Raises:
        OrdersError: It is; with the way on.
    """
    kind = _kind(start)
    if kind is _Kind.TEXT:
        return
    if kind in {_Kind.ZIP, _Kind.OLE}:
        ending = "xlsx" if kind is _Kind.ZIP else "xls"
        raise OrdersError(f"is {kind}: give it a name in .{ending}, or say --format {ending}")
    raise OrdersError(f"is {kind}: {_SAVE}")


def refuse_as_workbook(start: bytes) -> None:
    """Refuse a file that is to be read as a workbook and cannot be one.

    Raises:
        OrdersError: It cannot; with the way on.
    """
    if not start:
        raise OrdersError("is empty")
    kind = _kind(start)
    if kind in {_Kind.ZIP, _Kind.OLE}:
        return
    if kind is _Kind.TEXT:
        raise OrdersError(
            "is text, not a workbook, whatever its name says: say --format csv, or give it a name "
            "in .csv"
        )
    raise OrdersError(f"is {kind}, not a workbook, whatever its name says: {_SAVE}")


def _kind(start: bytes) -> _Kind:
    if start.startswith(b"PK\x03\x04"):
        return _Kind.ZIP
    if start.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        return _Kind.OLE
    if start.startswith(b"%PDF-"):
        return _Kind.PDF
    if not start.startswith(_UTF_16) and _is_binary(start.removeprefix(codecs.BOM_UTF8)):
        return _Kind.BINARY
    return _kind_of_text(start)


def _is_binary(start: bytes) -> bool:
    start = start[: START - len(codecs.BOM_UTF8)]
    return start.count(0) * 10 > len(start)


def _kind_of_text(start: bytes) -> _Kind:
    for mark in (codecs.BOM_UTF8, *_UTF_16):
        start = start.removeprefix(mark)
    plain = start.replace(b"\0", b"").lstrip().lower()
    if plain.startswith(b"mime-version:"):
        return _Kind.HTML
    if not plain.startswith(b"<"):
        return _Kind.TEXT
    if b"urn:schemas-microsoft-com:office:spreadsheet" in plain and not plain.startswith(b"<html"):
        return _Kind.XML
    return _Kind.HTML if any(tag in plain for tag in _TAGS) else _Kind.TEXT
