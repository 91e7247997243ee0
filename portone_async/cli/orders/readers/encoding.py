"""Open text files in the encodings of Korean shops: UTF-8, Excel's UTF-16, CP949 (EUC-KR)."""

from __future__ import annotations

import codecs
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import BinaryIO

from msgspec import Struct

from portone_async._worded import Worded
from portone_async.cli.orders.errors import OrdersError

from .file_type import SNIFF_BYTES, check_is_text

__all__ = ("find_decode_error", "open_text")

_CHUNK = 1 << 20
_TO_SURROGATES = "portone_async.to_surrogates"
_MAX_SURROGATES = 1_000
_HANGUL = re.compile("[가-힣]")
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Encoding(Struct, frozen=True):
    name: str
    mismatch: str = ""
    """The first bad byte in this and every other encoding, for a message; empty if all bytes fit."""


@contextmanager
def open_text(path: Path, *, newline: str) -> Generator[TextIOWrapper, None, None]:
    """Open a text file in the encoding that fits all of it, or else most of it.

    The whole file is read once beforehand, in chunks. Its beginning is not enough: a syllable or
    two of CP949 can be valid UTF-8, and a file of a million rows may be ASCII but for the last.
    Compared with parsing the rows this takes little time, and no memory.

    A byte that does not fit, such as half a character, is decoded as a surrogate. A cell with a
    surrogate is rejected only if it is needed.

    Args:
        path: The file.
        newline: As for :func:`open`.

    Raises:
        OrdersError: The file is a workbook or a web page. Also, an :class:`OrdersError` of the
            body is extended by the offset, from 0, of the first byte that does not fit, if any.
        OSError: The file cannot be read.
    """
    with path.open("rb") as file:
        if not file.seekable():
            raise OrdersError(Worded("cannot be read twice, which detecting the encoding requires"))
        encoding = _detect(file)
        file.seek(0)
        errors = _TO_SURROGATES if encoding.mismatch else "strict"
        with TextIOWrapper(file, encoding.name, errors, newline) as text:
            try:
                yield text
            except OrdersError as error:
                if not encoding.mismatch:
                    raise
                raise OrdersError(
                    Worded(
                        "{problem} (the file is not in {encoding})",
                        problem=error.reason,
                        encoding=encoding.mismatch,
                    )
                ) from None


def find_decode_error(file: BinaryIO, encoding: str) -> int | None:
    """Return the offset of the first byte that does not fit an encoding; ``None`` if all do."""
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)()
    read, is_end = 0, False
    while not is_end:
        chunk = file.read(_CHUNK)
        is_end = not chunk
        read += len(chunk)
        try:
            decoder.decode(chunk, final=is_end)
        except UnicodeDecodeError as error:
            # `error.object` ends with this chunk, and may begin in the previous one.
            return read - len(error.object) + error.start
    return None


def _detect(file: BinaryIO) -> _Encoding:
    start = file.read(SNIFF_BYTES)
    check_is_text(start)
    if start.startswith(codecs.BOM_UTF8):
        return _with_byte_order_mark("utf-8-sig", file)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _with_byte_order_mark("utf-16", file)
    utf_8_error = find_decode_error(file, "utf-8")
    if utf_8_error is None:
        return _Encoding("utf-8")
    if _is_damaged_utf_8(file):
        return _Encoding("utf-8", Worded("{encoding} (byte {n})", encoding="UTF-8", n=utf_8_error))
    cp949_error = find_decode_error(file, "cp949")
    if cp949_error is None:
        return _Encoding("cp949")
    mismatch = Worded(
        "UTF-8 (byte {utf_8}), nor in CP949 (byte {cp949})", utf_8=utf_8_error, cp949=cp949_error
    )
    return _Encoding("cp949", mismatch)


def _with_byte_order_mark(name: str, file: BinaryIO) -> _Encoding:
    offset = find_decode_error(file, name)
    if offset is None:
        return _Encoding(name)
    encoding = name.removesuffix("-sig").upper()
    return _Encoding(name, Worded("{encoding} (byte {n})", encoding=encoding, n=offset))


def _is_damaged_utf_8(file: BinaryIO) -> bool:
    """Return whether a file that is not valid UTF-8 is Korean UTF-8 with a few characters cut.

    Read as UTF-8, Korean in CP949 has two bad bytes a syllable, and hardly ever three bytes in a
    row that form a syllable. Test this before CP949: short UTF-8 texts may be valid CP949 too, as
    other words.
    """
    syllables = surrogates = 0
    for text in _decode_chunks(file, "utf-8", "surrogateescape"):
        syllables += len(_HANGUL.findall(text))
        surrogates += len(_SURROGATE.findall(text))
        if surrogates > _MAX_SURROGATES:
            break
    return syllables > surrogates


def _decode_chunks(file: BinaryIO, encoding: str, errors: str) -> Iterator[str]:
    file.seek(0)
    decoder = codecs.getincrementaldecoder(encoding)(errors)
    while chunk := file.read(_CHUNK):
        yield decoder.decode(chunk)
    yield decoder.decode(b"", final=True)


def _to_surrogates(error: UnicodeError) -> tuple[str, int]:
    """Decode each bad byte as a surrogate: ``surrogateescape``, but for UTF-16 too."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    bad_bytes = error.object[error.start : error.end]
    return "".join(chr(0xDC00 + byte) for byte in bad_bytes), error.end


codecs.register_error(_TO_SURROGATES, _to_surrogates)
