"""Text files in the encodings that Korean shops have: UTF-8, UTF-16 of Excel, CP949 (EUC-KR)."""

from __future__ import annotations

import codecs
from collections.abc import Generator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from .errors import OrdersError

__all__ = ("open_text",)

_PIECE = 1 << 20
_WORKBOOKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")


@contextmanager
def open_text(path: Path, *, newline: str) -> Generator[TextIOWrapper, None, None]:
    """Open a text file in the encoding that all of it has.

    It is read once beforehand, a piece at a time: the beginning alone does not tell, since a
    syllable or two of CP949 can pass for UTF-8, and a file of a million rows may be plain ASCII
    but for its last. That costs a small part of what reading rows costs, and no memory.

    Args:
        path: The file.
        newline: As for :func:`open`.

    Raises:
        OrdersError: It is no text in any of them; with the offset, from 0, of the first byte that
            does not fit.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        if not file.seekable():
            raise OrdersError("is no file that can be read twice, as finding its encoding needs")
        encoding = _encoding(file)
        file.seek(0)
        with TextIOWrapper(file, encoding, newline=newline) as text:
            yield text


def _encoding(file: BinaryIO) -> str:
    start = file.read(4)
    if start in _WORKBOOKS:
        raise OrdersError("is an Excel workbook: save it as 'CSV UTF-8'")
    candidates: tuple[str, ...] = ("utf-8", "cp949")
    if start.startswith(codecs.BOM_UTF8):
        candidates = ("utf-8-sig",)
    elif start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ("utf-16",)
    misfits: list[str] = []
    for encoding in candidates:
        file.seek(0)
        offset = _misfit(file, encoding)
        if offset is None:
            return encoding
        misfits.append(f"{encoding.removesuffix('-sig').upper()} (byte {offset})")
    raise OrdersError(f"is not in {', nor in '.join(misfits)}")


def _misfit(file: BinaryIO, encoding: str) -> int | None:
    """The offset of the first byte that does not fit; ``None`` when all do."""
    decoder = codecs.getincrementaldecoder(encoding)()
    read, is_over = 0, False
    while not is_over:
        piece = file.read(_PIECE)
        is_over = not piece
        if encoding != "utf-16" and (place := piece.find(0)) >= 0:
            raise OrdersError(f"is no text: byte {read + place} is NUL")
        read += len(piece)
        try:
            decoder.decode(piece, final=is_over)
        except UnicodeDecodeError as error:
            # What it looked at ends where we are, and may begin in the piece before.
            return read - len(error.object) + error.start
    return None
