"""Mutations that bit flips rarely reach: replace a value, duplicate a pair, truncate."""

from __future__ import annotations

import random
import re

__all__ = ("changed",)

# Strings, numbers, words, marks: the pieces of JSON, CSV, forms and headers alike.
_PIECE = re.compile(rb'"(?:[^"\\]|\\.)*"|-?[0-9][0-9.eE+-]*|[A-Za-z_][\w-]*|[{}\[\]:;,=&|\t\n]')
_ODD = (
    *(
        b"0",
        b"-0",
        b"-1",
        b"1e400",
        b"1E+11",
        b"0.1",
        b"9" * 40,
        b"1" + b"0" * 4400,
        b'"0"',
        b'"1"',
    ),
    *(
        b"null",
        b"true",
        b"NaN",
        b"Infinity",
        b'""',
        b'"x"',
        b"{}",
        b"[]",
        b"[" * 2000,
        b'{"a":' * 200,
    ),
    *(
        b'"\\ud800"',
        b'"\\u0000"',
        b'"\\u001b[31m"',
        b'"\\u202e"',
        b'"\xff"',
        b'"\x9b"',
        b"\xef\xbb\xbf",
    ),
    *('"존재하지 않는 결제정보입니다."'.encode(), '"결제완료"'.encode("cp949"), "₩1,000".encode()),
    *(
        b"%00",
        b"%ff",
        b"%2e",
        b"+",
        b"..",
        b"&",
        b'="1"',
        b'"a""b"',
        b'"a\nb"',
        b"\r",
        b"\r\n",
        b"\x00",
    ),
    *(b'"code":1,', b'"code":0,', b'"status":"paid",', b"<html>", b"&quot;", b"99999999999", b"-5"),
    *(
        b"Mon, 23 Nov 2026 04:00:00 GMT",
        b"https://evil.example/",
        b"planted0token0000000000000000000000f00d",
    ),
    *(
        b"find ",
        b"get ",
        b"pages ",
        b"many ",
        b"token ",
        b"200",
        b"404",
        b"429",
        b"401",
        b"503",
        b"301",
    ),
)

_CUTS = 0.1


def changed(data: bytes, seed: int) -> bytes:
    """Replace, double or remove one piece, or cut the end off."""
    choose = random.Random(seed)
    pieces = list(_PIECE.finditer(data))
    if not pieces:
        return data + choose.choice(_ODD)
    start, end = choose.choice(pieces).span()
    piece, other, odd = data[start:end], choose.choice(pieces)[0], choose.choice(_ODD)
    instead = choose.choice([b"", piece + piece, other, odd, odd + piece])
    is_cut = choose.random() < _CUTS
    return data[:start] + instead + (b"" if is_cut else data[end:])
