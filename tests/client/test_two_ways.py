"""Both ways of an exchange send the same bytes, and read any response alike."""

from __future__ import annotations

import gzip
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async._http import exchange as _exchange
from tests.client import test_network_faults as faults
from tests.support.fault_server import End, Script, Slowly, answer
from tests.support.in_memory import Ending, Piece, split
from tests.support.two_ways import assert_alike, exchanges, traces_in_memory
from tests.support.virtual_time import run

BODY = b'{"code":0,"message":null,"response":null}'
GZIPPED = gzip.compress(BODY)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
LAST = b"0\r\n\r\n"
WHOLE = answer(BODY)
ANOTHER = answer(b"stale")


def chunk(content: bytes, size: bytes | None = None) -> bytes:
    return (b"%x" % len(content) if size is None else size) + b"\r\n" + content + b"\r\n"


def chunked(*headers: str, content: bytes = chunk(BODY) + LAST) -> bytes:
    return head("200 OK", "Transfer-Encoding: chunked", *headers) + content


def head(status: str, *headers: str, version: str = "HTTP/1.1") -> bytes:
    return "\r\n".join([f"{version} {status}", *headers, "", ""]).encode("latin-1")


def of_version(version: str, *headers: str, content: bytes = BODY) -> bytes:
    lines = (f"Content-Length: {len(content)}", *headers)
    return head("200 OK", *lines, version=version) + content


def pieces_of(script: Script) -> list[Piece]:
    pieces: list[Piece] = []
    for step in script:
        match step:
            case bytes():
                pieces.append(step)
            case Slowly(content, _):
                pieces += [bytes([byte]) for byte in content]
            case End.FIN:
                pieces.append(Ending.FIN)
            case End.RST:
                pieces.append(Ending.RST)
            case _:
                raise AssertionError(step)
    return pieces


FIN, RST = Ending.FIN, Ending.RST
FAILED = {name: script for name, (script, _) in [*faults.BROKEN.items(), *faults.FINAL.items()]}
SCRIPTS = FAILED | faults.WELL | faults.DISPUTED
RESPONSES: dict[str, list[Piece]] = {
    **{name: pieces_of(script) for name, script in SCRIPTS.items()},
    "silence": [],
    "half a head, then silence": [WHOLE[:30]],
    "half a body, then silence": [WHOLE[:-9]],
    "FIN in the status line": [b"HTTP/1.1 2", FIN],
    # The status line
    "no reason": [head("200") + WHOLE.partition(b"\r\n")[2]],
    "two blanks in the status line": [answer(BODY).replace(b"1 200", b"1  200")],
    "status of two digits": [answer(BODY, status="20 OK")],
    "negative status": [answer(BODY, status="-200 OK")],
    "status with a letter": [answer(BODY, status="2x0 OK")],
    "lower case protocol": [answer(BODY).replace(b"HTTP", b"http")],
    "another protocol": [answer(BODY).replace(b"HTTP", b"RTSP")],
    "empty lines before it": [b"\r\n\r\n" + WHOLE],
    "a blank before it": [b" " + WHOLE],
    "reason in Latin-1": [head("200 \xe9t\xe9", f"Content-Length: {len(BODY)}") + BODY],
    "HTTP/0.9": [BODY, FIN],
    "HTTP/0.9 that stays open": [BODY],
    # Versions and the life of the connection
    "HTTP/1.0 with a length": [of_version("HTTP/1.0")],
    "HTTP/1.0 kept alive": [of_version("HTTP/1.0", "Connection: keep-alive")],
    "HTTP/1.0 kept alive, no length": [
        head("200 OK", "Connection: keep-alive", version="HTTP/1.0") + BODY,
        FIN,
    ],
    "HTTP/1.0 in chunks": [
        head("200 OK", "Transfer-Encoding: chunked", version="HTTP/1.0") + chunk(BODY) + LAST,
        FIN,
    ],
    "HTTP/1.2": [of_version("HTTP/1.2")],
    "HTTP/2.0": [of_version("HTTP/2.0")],
    "HTTP/11": [of_version("HTTP/11")],
    "close": [of_version("HTTP/1.1", "Connection: close")],
    "close, then FIN": [of_version("HTTP/1.1", "Connection: close"), FIN],
    "close in capitals": [of_version("HTTP/1.1", "CONNECTION: CLOSE")],
    "close among others": [of_version("HTTP/1.1", "Connection: x, close")],
    "close and keep-alive": [of_version("HTTP/1.1", "Connection: close", "Connection: keep-alive")],
    "keep-alive with a time": [
        of_version("HTTP/1.1", "Connection: keep-alive", "Keep-Alive: timeout=0, max=1")
    ],
    "upgrade in a 200": [of_version("HTTP/1.1", "Connection: upgrade", "Upgrade: h2c")],
    "101 with its headers": [
        head("101 Switching Protocols", "Connection: Upgrade", "Upgrade: websocket"),
        b"\x81\x05hello",
    ],
    "101 and bytes with it": [
        head("101 Switching Protocols", "Connection: Upgrade", "Upgrade: x") + ANOTHER
    ],
    "101 and FIN": [head("101 Switching Protocols", "Connection: Upgrade", "Upgrade: x"), FIN],
    "426": [answer(BODY, "Upgrade: TLS/1.3", "Connection: Upgrade", status="426 Upgrade")],
    # What comes before the answer
    "100": [head("100 Continue"), WHOLE],
    "100 and the answer together": [head("100 Continue") + WHOLE],
    "100 a thousand times": [head("100 Continue") * 1000 + WHOLE],
    "100 with a length": [head("100 Continue", "Content-Length: 5") + WHOLE],
    "100 that closes": [head("100 Continue", "Connection: close"), WHOLE],
    "102": [head("102 Processing"), WHOLE],
    "199": [head("199 Odd"), WHOLE],
    "100 only": [head("100 Continue"), FIN],
    "103 and silence": [head("103 Early Hints", "Link: </x>")],
    "103, half of the answer": [head("103 Early Hints", "Link: </x>") + WHOLE[:-5], FIN],
    # Statuses without a body
    "204 with a body": [answer(BODY, status="204 No Content")],
    "204 with a late body": [head("204 No Content", "Content-Length: 5"), b"stale"],
    "204 in chunks": [head("204 No Content", "Transfer-Encoding: chunked"), chunk(b"stale") + LAST],
    "205 with a body": [answer(BODY, status="205 Reset Content")],
    "304 with a length": [head("304 Not Modified", "Content-Length: 41")],
    "304 with a body": [answer(BODY, status="304 Not Modified")],
    "304 and an answer behind it": [head("304 Not Modified") + ANOTHER],
    "empty body": [answer(b"")],
    "empty body in chunks": [chunked(content=LAST)],
    "empty body until closed": [head("200 OK"), FIN],
    # Lengths
    "same length twice": [answer(BODY, f"Content-Length: {len(BODY)}")],
    "same length in a list": [answer(BODY, length=f"{len(BODY)}, {len(BODY)}")],
    "length with a plus": [answer(BODY, length=f"+{len(BODY)}")],
    "length with blanks": [answer(BODY, length=f"  {len(BODY)}  ")],
    "length with an underscore": [answer(BODY, length="4_1")],
    "length in Arabic digits": [WHOLE.replace(b": 41", ": ٤١".encode())],
    "length hexadecimal": [answer(BODY, length="0x29")],
    "length empty": [answer(BODY, length="")],
    "length in a header with a blank": [WHOLE.replace(b"Content-Length:", b"Content-Length :")],
    "length of 2^64": [answer(BODY, length=2**64), FIN],
    "length of 2^63": [answer(BODY, length=2**63), FIN],
    # Transfer encodings
    "chunks before a length": [
        head("200 OK", "Transfer-Encoding: chunked", "Content-Length: 5") + chunk(BODY) + LAST,
    ],
    "identity and a length": [answer(BODY, "Transfer-Encoding: identity")],
    "identity, until closed": [head("200 OK", "Transfer-Encoding: identity") + BODY, FIN],
    "gzip as a transfer": [
        head("200 OK", "Transfer-Encoding: gzip, chunked") + chunk(GZIPPED) + LAST
    ],
    "chunked is not last": [
        head("200 OK", "Transfer-Encoding: chunked, gzip") + chunk(BODY) + LAST,
        FIN,
    ],
    "chunked twice": [
        head("200 OK", "Transfer-Encoding: chunked, chunked") + chunk(BODY) + LAST,
        FIN,
    ],
    "chunked in two headers": [
        head("200 OK", "Transfer-Encoding: chunked", "Transfer-Encoding: chunked")
        + chunk(BODY)
        + LAST,
        FIN,
    ],
    "chunked in capitals": [head("200 OK", "Transfer-Encoding: CHUNKED") + chunk(BODY) + LAST],
    "chunked with a tab": [head("200 OK", "Transfer-Encoding:\tchunked") + chunk(BODY) + LAST],
    "xchunked": [head("200 OK", "Transfer-Encoding: xchunked") + chunk(BODY) + LAST, FIN],
    # Chunks
    "chunk extension": [CHUNKED + chunk(BODY, b"29;a=b") + LAST],
    "chunk extension in quotes": [CHUNKED + chunk(BODY, b'29;a="\r\n"') + LAST],
    "long chunk extension": [CHUNKED + chunk(BODY, b"29;" + b"a" * 100_000) + LAST],
    "chunk size with zeros": [CHUNKED + chunk(BODY, b"0000029") + LAST],
    "chunk size with a blank": [CHUNKED + chunk(BODY, b"29 ") + LAST],
    "chunk size after a blank": [CHUNKED + chunk(BODY, b" 29") + LAST],
    "chunk size with 0x": [CHUNKED + chunk(BODY, b"0x29") + LAST],
    "chunk size negative": [CHUNKED + chunk(BODY, b"-29") + LAST],
    "chunk size with a plus": [CHUNKED + chunk(BODY, b"+29") + LAST],
    "chunk size empty": [CHUNKED + chunk(BODY, b"") + LAST],
    "chunk size of 2^63": [CHUNKED + chunk(BODY, b"8000000000000000"), FIN],
    "chunk longer than its size": [CHUNKED + chunk(BODY, b"5") + LAST],
    "chunk shorter than its size": [CHUNKED + chunk(BODY, b"30") + LAST],
    "chunk with LF only": [(CHUNKED + chunk(BODY) + LAST).replace(b"29\r\n", b"29\n")],
    "last chunk with LF only": [CHUNKED + chunk(BODY) + b"0\n\n"],
    "zeros as the last chunk": [CHUNKED + chunk(BODY) + b"000\r\n\r\n"],
    "answer behind the last chunk": [CHUNKED + chunk(BODY) + LAST + ANOTHER],
    "trailer that is a length": [CHUNKED + chunk(BODY) + b"0\r\nContent-Length: 5\r\n\r\n"],
    "trailer of 9 KB": [CHUNKED + chunk(BODY) + b"0\r\nX: " + b"y" * 9000 + b"\r\n\r\n"],
    "trailer without end": [CHUNKED + chunk(BODY) + b"0\r\nX: y\r\n", FIN],
    "trailer without a colon": [CHUNKED + chunk(BODY) + b"0\r\nX\r\n\r\n"],
    # Encodings of the content
    "raw deflate": [answer(zlib.compress(BODY, wbits=-15), "Content-Encoding: deflate")],
    "deflate cut": [answer(zlib.compress(BODY)[:-9], "Content-Encoding: deflate")],
    "no deflate": [answer(BODY, "Content-Encoding: deflate")],
    "gzip of two members": [answer(GZIPPED + GZIPPED, "Content-Encoding: gzip")],
    "gzip in capitals": [answer(GZIPPED, "Content-Encoding: GZIP")],
    "x-gzip": [answer(GZIPPED, "Content-Encoding: x-gzip")],
    "gzip, identity": [answer(GZIPPED, "Content-Encoding: gzip, identity")],
    "gzip in two headers": [answer(GZIPPED, "Content-Encoding: gzip", "Content-Encoding: gzip")],
    "gzip in chunks": [chunked("Content-Encoding: gzip", content=chunk(GZIPPED) + LAST)],
    "gzip until closed": [head("200 OK", "Content-Encoding: gzip") + GZIPPED, FIN],
    "gzip until closed, cut": [head("200 OK", "Content-Encoding: gzip") + GZIPPED[:-12], FIN],
    "gzip, then RST": [answer(GZIPPED, "Content-Encoding: gzip")[:-5], RST],
    "gzip in a 204": [answer(GZIPPED, "Content-Encoding: gzip", status="204 No Content")],
    # Headers
    "128 headers": [answer(BODY, *[f"X-{n}: y" for n in range(127)])],
    "129 headers": [answer(BODY, *[f"X-{n}: y" for n in range(128)])],
    "header of 8190 bytes": [answer(BODY, "X: " + "y" * 8187)],
    "header of 8191 bytes": [answer(BODY, "X: " + "y" * 8190)],
    "name of 9 KB": [answer(BODY, "X" * 9000 + ": y")],
    "folded header": [answer(BODY, "X: a\r\n b")],
    "folded length": [WHOLE.replace(b": 41", b":\r\n 41")],
    "fold before the first header": [WHOLE.replace(b"OK\r\n", b"OK\r\n X: y\r\n")],
    "header in UTF-8": [WHOLE.replace(b"\r\n\r\n", "\r\nX: 결제\r\n\r\n".encode())],
    "header in CP949": [WHOLE.replace(b"\r\n\r\n", "\r\nX: 결제\r\n\r\n".encode("cp949"))],
    "name that is not ASCII": [WHOLE.replace(b"\r\n\r\n", "\r\n결제: y\r\n\r\n".encode())],
    "header without a colon": [answer(BODY, "X")],
    "header without a name": [answer(BODY, ": y")],
    "name with a blank": [answer(BODY, "X y: z")],
    "name with a NUL": [answer(BODY, "X\0: z")],
    "value with a CR": [answer(BODY, "X: a\rb")],
    "value with a DEL": [answer(BODY, "X: a\x7fb")],
    "cookies": [answer(BODY, "Set-Cookie: a=1; Path=/", "Set-Cookie: b=;;;\x01")],
    "Retry-After twice": [answer(BODY, "Retry-After: 1", "Retry-After: 2", status="503 No")],
    "redirect": [answer(b"", "Location: http://127.0.0.1:1/x", status="302 Found")],
    "401 with a challenge": [answer(BODY, 'WWW-Authenticate: Digest realm="x"', status="401 No")],
    "407": [answer(BODY, "Proxy-Authenticate: Basic", status="407 No")],
    # What follows the answer
    "two answers together": [WHOLE + ANOTHER],
    "two answers": [WHOLE, ANOTHER],
    "half of another answer": [WHOLE, ANOTHER[:20]],
    "an empty line behind it": [WHOLE, b"\r\n"],
    "garbage behind it": [WHOLE, b"garbage"],
    "garbage with it": [WHOLE + b"garbage"],
    "another answer, then FIN": [WHOLE, ANOTHER, FIN],
    "RST in the pool": [WHOLE, RST],
    "large body": [answer(b"x" * 3_000_000)],
    "large body, then RST": [answer(b"x" * 3_000_000), RST],
    "large body, cut": [answer(b"x" * 3_000_000)[:-1], FIN],
}


@pytest.mark.parametrize("pieces", RESPONSES.values(), ids=RESPONSES)
def test_both_ways_read_a_response_alike(pieces: list[Piece]) -> None:
    assert_alike(pieces)


@pytest.mark.parametrize("name", [name for name in RESPONSES if "large" not in name])
def test_both_ways_read_a_response_byte_by_byte_alike(name: str) -> None:
    single: list[Piece] = []
    for piece in RESPONSES[name]:
        single += [piece] if isinstance(piece, Ending) else split(piece[:2000], [1] * 1999)
    assert_alike(single)


PLAIN = [
    piece[:4000]
    for pieces in RESPONSES.values()
    for piece in pieces[:1]
    if isinstance(piece, bytes) and piece
]
SIZES = st.lists(st.integers(1, 60), max_size=12)
ENDS = st.sampled_from([(), (FIN,), (RST,), (ANOTHER,), (ANOTHER, FIN), (b"\r\n",)])


@given(content=st.sampled_from(PLAIN), sizes=SIZES, end=ENDS)
def test_both_ways_read_a_response_split_anywhere_alike(
    content: bytes, sizes: list[int], end: tuple[Piece, ...]
) -> None:
    assert_alike([*split(content, sizes), *end])


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Return a response with some bytes replaced, removed, repeated or inserted."""
    content = bytearray(draw(st.sampled_from(PLAIN)))
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, len(content)))
        stop = draw(st.integers(start, min(start + 30, len(content))))
        content[start:stop] = draw(
            st.one_of(
                st.just(b""),
                st.just(bytes(content[start:stop]) * 2),
                st.binary(max_size=4),
                st.sampled_from(
                    [b"\r\n", b"\n", b"\r", b"\0", b" ", b":", b"0", b"\r\n\r\n", b"chunked"]
                ),
            )
        )
    return bytes(content)


@given(content=damaged(), sizes=SIZES, end=ENDS)
def test_both_ways_read_a_damaged_response_alike(
    content: bytes, sizes: list[int], end: tuple[Piece, ...]
) -> None:
    assert_alike([*split(content, sizes), *end])


REQUESTS: list[dict[str, Any]] = [
    {},
    {"target": "/payments/find/a%20b%2F%EA%B2%B0?sorting=-paid&x=%0D%0A"},
    {"method": "POST", "body": b'{"reason": "\xea\xb2\xb0\xec\xa0\x9c"}'},
    {"method": "POST", "body": b""},
    {"method": "POST", "body": b"x" * 300_000},
    {"method": "POST"},
    {"method": "PUT"},
    {"method": "PATCH", "body": b"{}"},
    {"method": "DELETE"},
    {"method": "DELETE", "target": "/subscribe/customers/a?reason=x"},
    {"method": "GET", "body": b"{}"},
]


def test_both_ways_send_the_same_requests() -> None:
    direct, session = traces_in_memory(lambda _: [WHOLE], REQUESTS).values()
    assert direct.connections == session.connections == 1
    assert len(direct.requests) == len(session.requests) == len(REQUESTS)
    for ours, theirs in zip(direct.requests, session.requests, strict=True):
        # aiohttp declares a type for the body of some requests that have none.
        assert set(theirs) - set(ours) <= {"content-type: application/octet-stream"}
        assert set(ours) <= set(theirs)


@pytest.mark.parametrize(("unread", "connections"), [(0, 1), (1, 2)])
def test_connection_with_an_unread_body_is_not_reused(unread: int, connections: int) -> None:
    requests: tuple[dict[str, Any], ...] = ({"method": "POST", "body": b"{}"}, {"body": None})
    trace = run(exchanges("direct", lambda _: [WHOLE], requests, unread=unread))
    assert trace.connections == connections
    assert [outcome.body for outcome in trace.outcomes] == [BODY, BODY]


LIMIT = 50_000


@pytest.mark.parametrize(
    "pieces",
    [
        [answer(b"x" * LIMIT)],
        [answer(b"x" * (LIMIT + 1))],
        [answer(b"x" * 10 * LIMIT)],
        [answer(b"x" * 10, length=10**9)],
        [CHUNKED + chunk(b"x" * 10 * LIMIT)],
        [head("200 OK"), *[b"x" * 9000] * 60],
        [answer(gzip.compress(b"x" * LIMIT), "Content-Encoding: gzip")],
        [answer(gzip.compress(b"x" * 400 * LIMIT), "Content-Encoding: gzip")],
        [answer(zlib.compress(b"x" * 400 * LIMIT), "Content-Encoding: deflate")],
        [answer(gzip.compress(b"x" * 400 * LIMIT), "Content-Encoding: gzip", status="404 No")],
        [answer(gzip.compress(gzip.compress(b"x" * 400 * LIMIT)), "Content-Encoding: gzip")],
    ],
    ids=[
        "exactly the limit",
        "one more",
        "ten times",
        "declared only",
        "in a chunk",
        "until closed",
        "gzip of the limit",
        "gzip bomb",
        "deflate bomb",
        "gzip bomb as a 404",
        "gzip bomb in gzip",
    ],
)
def test_both_ways_limit_a_body_alike(pieces: list[Piece], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_exchange, "MAX_BODY", LIMIT)
    assert_alike(pieces)
