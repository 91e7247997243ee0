"""Text files in the encodings that Korean shops have: UTF-8, UTF-16 of Excel, CP949 (EUC-KR)."""

from __future__ import annotations

import codecs
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from .disguise import START, refuse_as_text
from .errors import OrdersError

__all__ = ("open_text",)

_PIECE = 1 << 20
_KEEP = "portone_async.keep"
_ENOUGH_MISFITS = 1_000
_HANGUL = re.compile("[가-힣]")
_MISFIT = re.compile("[\ud800-\udfff]")


class _Encoding(Struct, frozen=True):
    name: str
    misfits: str = ""
    """The first bytes that do not fit this or any other encoding, and their line; or empty."""


@contextmanager
def open_text(path: Path, *, newline: str) -> Generator[TextIOWrapper, None, None]:
    """Open a text file in the encoding that all of it has, or else most of it.

    It is read once beforehand, a piece at a time: the beginning alone does not tell, since a
    syllable or two of CP949 can pass for UTF-8, and a file of a million rows may be plain ASCII
    but for its last. That costs a small part of what reading rows costs, and no memory.

    Characters that do not fit, as one that was cut in half, are read as surrogates. A cell that
    has one is not valid Unicode, and is refused as that where it is needed.

    Args:
        path: The file.
        newline: As for :func:`open`.

    Raises:
        OrdersError: It is no text, but a workbook or a page. An error of the body is raised with
            the offset, from 0, of the first byte that does not fit, if there is one.
        OSError: It cannot be read.
    """
    with path.open("rb") as file:
        if not file.seekable():
            raise OrdersError("is no file that can be read twice, as finding its encoding needs")
        encoding = _encoding(file)
        file.seek(0)
        errors = _KEEP if encoding.misfits else "strict"
        with TextIOWrapper(file, encoding.name, errors, newline) as text:
            try:
                yield text
            except OrdersError as error:
                if not encoding.misfits:
                    raise
                raise OrdersError(f"{error} (the file is not in {encoding.misfits})") from None


def _encoding(file: BinaryIO) -> _Encoding:
    start = file.read(START)
    refuse_as_text(start)
    if start.startswith(codecs.BOM_UTF8):
        return _marked("utf-8-sig", file)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _marked("utf-16", file)
    utf_8 = _misfit(file, "utf-8")
    if utf_8 is None:
        return _Encoding("utf-8")
    if _is_korean_utf_8(file):
        return _Encoding("utf-8", f"UTF-8 (byte {utf_8})")
    cp949 = _misfit(file, "cp949")
    if cp949 is None:
        return _Encoding("cp949")
    return _Encoding("cp949", f"UTF-8 (byte {utf_8}), nor in CP949 (byte {cp949})")


def _marked(name: str, file: BinaryIO) -> _Encoding:
    offset = _misfit(file, name)
    misfits = "" if offset is None else f"{name.removesuffix('-sig').upper()} (byte {offset})"
    return _Encoding(name, misfits)


def _is_korean_utf_8(file: BinaryIO) -> bool:
    """Whether a file that does not fit UTF-8 is in UTF-8, with a few characters cut.

    Korean in CP949 has two bytes a syllable that do not fit, and hardly ever three in a row that
    are a syllable of UTF-8. Short texts of UTF-8 fit CP949 now and then, as other words, so
    check this first.
    """
    hangul = misfits = 0
    for text in _pieces(file, "utf-8", "surrogateescape"):
        hangul += len(_HANGUL.findall(text))
        misfits += len(_MISFIT.findall(text))
        if misfits > _ENOUGH_MISFITS:
            break
    return hangul > misfits


def _pieces(file: BinaryIO, encoding: str, errors: str) -> Iterator[str]:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    while piece := file.read(_PIECE):
        yield decoder.decode(piece)
    yield decoder.decode(b"", final=True)


def _misfit(file: BinaryIO, encoding: str) -> int | None:
    """The offset of the first byte that does not fit; ``None`` when all do."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    read, is_over = 0, False
    while not is_over:
        piece = file.read(_PIECE)
        is_over = not piece
        read += len(piece)
        try:
            decoder.decode(piece, final=is_over)
        except UnicodeDecodeError as error:
            # What it looked at ends where we are, and may begin in the piece before.
            return read - len(error.object) + error.start
    return None


def _kept(error: UnicodeError) -> tuple[str, int]:
    """Decode each byte that does not fit as a surrogate: ``surrogateescape``, for UTF-16 too."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    misfits = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in misfits), error.end


codecs.register_error(_KEEP, _kept)
