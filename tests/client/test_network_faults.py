"""Network faults: each ends with the right error, in time, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import gzip
import socket
import zlib
from typing import Any

import pytest

from portone_async import (
    ApiError,
    Call,
    ConnectionFailedError,
    DeadlineExceededError,
    MalformedResponseError,
    PortOneError,
    RequestTimeoutError,
    RetryPolicy,
    Timeouts,
    TransientError,
    UnexpectedResponseError,
)
from tests.support.fault_server import End, FaultServer, Script, Slowly, answer, set_up
from tests.support.idle import until
from tests.support.samples import CARD_PAID, NOT_FOUND, body, ok
from tests.support.scripted import UID
from tests.support.steady_time import steady_time
from tests.support.stopwatch import timed
from tests.support.ways import both_ways

pytestmark = both_ways

BODY = ok(CARD_PAID)
WHOLE = answer(BODY)
HEAD = WHOLE[: -len(BODY)]
GZIPPED = gzip.compress(BODY)
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
UNTIL_CLOSED = b"HTTP/1.1 200 OK\r\n\r\n"
ENVELOPE_404 = body(NOT_FOUND)


def chunk(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


def gzipped(content: bytes, status: str = "200 OK") -> bytes:
    return answer(content, "Content-Encoding: gzip", status=status)


BROKEN: dict[str, tuple[Script, type[TransientError]]] = {
    "reset before head": ((End.RST,), ConnectionFailedError),
    "reset in head": ((HEAD[:20], End.RST), ConnectionFailedError),
    "reset after head": ((HEAD, End.RST), ConnectionFailedError),
    "reset in body": ((HEAD + BODY[:300], End.RST), ConnectionFailedError),
    "FIN before head": ((End.FIN,), ConnectionFailedError),
    "FIN in head": ((HEAD[:20], End.FIN), ConnectionFailedError),
    "FIN after head": ((HEAD, End.FIN), ConnectionFailedError),
    "FIN in body": ((HEAD + BODY[:300], End.FIN), ConnectionFailedError),
    "FIN before the last byte": ((WHOLE[:-1], End.FIN), ConnectionFailedError),
    "length too long": ((answer(BODY, length=10**12), End.FIN), ConnectionFailedError),
    "length too short": ((answer(BODY, length=len(BODY) - 9),), MalformedResponseError),
    "length negative": ((answer(BODY, length=-5), End.FIN), MalformedResponseError),
    "length no number": ((answer(BODY, length="x"), End.FIN), MalformedResponseError),
    "length beyond any": ((answer(BODY, length=10**30), End.FIN), MalformedResponseError),
    "two lengths": ((answer(BODY, "Content-Length: 5"), End.FIN), MalformedResponseError),
    "length and chunks": (
        (answer(chunk(BODY) + b"0\r\n\r\n", "Transfer-Encoding: chunked"), End.FIN),
        MalformedResponseError,
    ),
    "chunk cut": ((CHUNKED + chunk(BODY)[:300], End.FIN), ConnectionFailedError),
    "chunk reset": ((CHUNKED + chunk(BODY)[:300], End.RST), ConnectionFailedError),
    "no last chunk": ((CHUNKED + chunk(BODY), End.FIN), ConnectionFailedError),
    "chunk size no number": ((CHUNKED + b"zz\r\n",), MalformedResponseError),
    "chunk size beyond any": ((CHUNKED + b"f" * 17 + b"\r\n",), MalformedResponseError),
    "no length, cut": ((UNTIL_CLOSED + BODY[:300], End.FIN), MalformedResponseError),
    "no length, reset": ((UNTIL_CLOSED + BODY[:300], End.RST), MalformedResponseError),
    "gzip cut, lengths right": ((gzipped(GZIPPED[:-30]),), MalformedResponseError),
    "gzip cut in its head": ((gzipped(GZIPPED[:5]),), MalformedResponseError),
    "gzip of nothing": ((gzipped(b""),), MalformedResponseError),
    "no gzip": ((gzipped(BODY),), ConnectionFailedError),
    "gzip with a wrong sum": ((gzipped(GZIPPED[:-8] + bytes(8)),), ConnectionFailedError),
    "gzip twice": (
        (answer(gzip.compress(GZIPPED), "Content-Encoding: gzip, gzip"),),
        MalformedResponseError,
    ),
    "garbage status line": ((b"GARBAGE\r\n\r\n",), MalformedResponseError),
    "no head at all": ((BODY, End.FIN), MalformedResponseError),
    "HTTP/2 unasked": ((b"HTTP/2 200\r\n\r\n" + BODY, End.FIN), MalformedResponseError),
    "status 99": ((answer(BODY, status="99 Low"),), MalformedResponseError),
    "status 1000": ((answer(BODY, status="1000 High"),), MalformedResponseError),
    "reason of 9 KB": ((answer(BODY, status="200 " + "O" * 9000),), MalformedResponseError),
    "header of 9 KB": ((answer(BODY, "X: " + "y" * 9000),), MalformedResponseError),
    "header without end": ((HEAD[:-2] + b"X: " + b"y" * 100_000,), MalformedResponseError),
    "204": ((b"HTTP/1.1 204 No Content\r\n\r\n",), MalformedResponseError),
    "404 cut": (
        (answer(ENVELOPE_404, status="404 Not Found")[:-9], End.FIN),
        ConnectionFailedError,
    ),
    "404 reset": (
        (answer(ENVELOPE_404, status="404 Not Found")[:-9], End.RST),
        ConnectionFailedError,
    ),
}


@pytest.mark.parametrize(("script", "kind"), BROKEN.values(), ids=BROKEN)
async def test_broken_exchange_is_retried_until_attempts_or_time_run_out(
    script: Script, kind: type[TransientError]
) -> None:
    async with set_up() as at:
        at.server.script = script
        error = await at.fails_with(kind, requests=4)
        assert error.is_transient

        for_ever = RetryPolicy(attempts=10**6, backoff_initial=0.02, backoff_max=0.02, budget=None)
        patient = at.client.with_options(retry=for_ever, timeouts=Timeouts(total=0.06))
        late, took = await timed(patient.payments.find(UID))

        assert type(late) in {kind, DeadlineExceededError}
        assert took.net < 0.11
        await at.nothing_is_left()
        # The deadline may come between the last permit and its request.
        assert len(at.server.payments) <= at.permits.granted <= len(at.server.payments) + 1
        assert len(at.server.payments) <= 4 + len(late.attempts)


@pytest.mark.parametrize(("script", "kind"), BROKEN.values(), ids=BROKEN)
async def test_one_broken_exchange_costs_one_more_request(
    script: Script, kind: type[TransientError]
) -> None:
    async with set_up() as at:
        at.server.script, at.server.times = script, 1
        payment = await at.client.payments.find(UID)

        assert payment.amount == at.server.amount
        assert len(at.server.payments) == at.permits.granted == 2


async def test_nul_in_a_header_changes_no_payment() -> None:
    # Older versions of aiohttp accept it, unless Python runs in development mode.
    async with set_up() as at:
        at.server.script = (answer(BODY, "X: a\0b"),)
        try:
            payment = await at.client.payments.find(UID)
        except MalformedResponseError:
            return
        assert (payment.merchant_uid, str(payment.amount)) == (UID, "15000")


FINAL: dict[str, tuple[Script, type[PortOneError]]] = {
    "101": ((b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n" + WHOLE,), ApiError),
    "304": ((b"HTTP/1.1 304 Not Modified\r\n\r\n",), UnexpectedResponseError),
    "404 gzip cut": (
        (gzipped(gzip.compress(ENVELOPE_404)[:-15], status="404 Not Found"),),
        UnexpectedResponseError,
    ),
    "404 shorter than it was": (
        (answer(ENVELOPE_404[:-9], status="404 Not Found"),),
        UnexpectedResponseError,
    ),
}


@pytest.mark.parametrize(("script", "kind"), FINAL.values(), ids=FINAL)
async def test_complete_but_meaningless_reply_is_final(
    script: Script, kind: type[PortOneError]
) -> None:
    async with set_up() as at:
        at.server.script = script
        error = await at.failed()

        assert type(error) is kind
        assert not error.is_transient
        assert len(at.server.payments) == at.permits.granted == len(error.attempts) == 1


EARLY = b"HTTP/1.1 100 Continue\r\n\r\n"
HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </x>; rel=preload\r\n\r\n"
WELL: dict[str, Script] = {
    "1xx before it": (EARLY * 3 + HINTS, EARLY, WHOLE),
    "byte by byte": (Slowly(WHOLE, 0.0),),
    "chunks of a byte": (CHUNKED + b"".join(chunk(bytes([b])) for b in BODY) + b"0\r\n\r\n",),
    "until closed": (UNTIL_CLOSED + BODY, End.FIN),
    "HTTP/1.0": (b"HTTP/1.0 200 OK\r\n\r\n" + BODY, End.FIN),
    "gzip": (gzipped(GZIPPED),),
    "gzip byte by byte": (Slowly(gzipped(GZIPPED), 0.0),),
    "gzip without its sum": (gzipped(GZIPPED[:-8]),),
    "deflate": (answer(zlib.compress(BODY), "Content-Encoding: deflate"),),
    "trailers": (CHUNKED + chunk(BODY) + b"0\r\nX-Sum: 1\r\n\r\n",),
    "206": (answer(BODY, status="206 Partial Content"),),
    "FIN behind it": (WHOLE, End.FIN),
    "RST behind it": (WHOLE, End.RST),
    "another answer behind it": (WHOLE + answer(ok(CARD_PAID | {"amount": 1})),),
}


@pytest.mark.parametrize("script", WELL.values(), ids=WELL)
async def test_unusual_but_valid_reply_is_read_once(script: Script) -> None:
    async with set_up() as at:
        at.server.script = script
        payment = await at.client.payments.find(UID)

        assert payment.merchant_uid == UID
        assert payment.amount == 15000
        assert len(at.server.payments) == at.permits.granted == 1


DISPUTED: dict[str, Script] = {
    "gzip and more": (gzipped(GZIPPED + b"more"),),
    "2000 headers": (answer(BODY, *[f"X-{n}: y" for n in range(2000)]),),
    "brotli in name": (answer(BODY, "Content-Encoding: br"),),
    "zstd in name": (answer(BODY, "Content-Encoding: zstd"),),
    "an unknown encoding": (answer(BODY, "Content-Encoding: x"),),
    "lines without CR": (WHOLE.replace(b"\r\n", b"\n"),),
    "status 000": (answer(BODY, status="000 None"),),
}


@pytest.mark.parametrize("script", DISPUTED.values(), ids=DISPUTED)
async def test_ambiguously_framed_reply_is_never_wrong(
    script: Script,
) -> None:
    async with set_up() as at:
        at.server.script = script
        outcome, _ = await timed(at.client.payments.find(UID))

        if isinstance(outcome, PortOneError):
            assert type(outcome) in {ConnectionFailedError, MalformedResponseError, ApiError}
            assert len(outcome.attempts) == (4 if outcome.is_transient else 1)
            assert len(at.server.payments) == at.permits.granted == len(outcome.attempts)
        else:
            assert outcome.raw == CARD_PAID
            assert len(at.server.payments) == at.permits.granted == 1


async def test_unsolicited_reply_is_not_used_for_the_next_call() -> None:
    async with set_up() as at:
        is_pooled = asyncio.Event()
        at.server.script = (WHOLE, is_pooled, answer(ok(CARD_PAID | {"amount": 1})))
        await at.client.payments.find(UID)
        is_pooled.set()
        await until(lambda: not at.server.busy)
        # The set_up makes the next call, and knows what is right.


async def test_truncated_gzip_is_the_whole_reply_or_an_error() -> None:
    once = RetryPolicy(attempts=1)
    async with set_up() as at:
        client = at.client.with_options(retry=once)
        for size in range(0, len(GZIPPED), 11):
            at.server.script = (gzipped(GZIPPED[:size]),)
            outcome, _ = await timed(client.payments.find(UID))

            if type(outcome) is not MalformedResponseError:
                assert outcome.raw == CARD_PAID
                assert size >= len(GZIPPED) - 8  # The sum and the size come last.


SLOW: dict[str, Script] = {
    "silence": (),
    "half a head": (HEAD[:20],),
    "head only": (HEAD,),
    "half a body": (HEAD + BODY[:300],),
    "half a gzip stream": (gzipped(GZIPPED)[:-300],),
    "slow head": (Slowly(WHOLE, 0.01),),
    "slow body": (HEAD, Slowly(BODY, 0.01)),
    "slow chunks": (CHUNKED, Slowly(chunk(b" ") * 100, 0.01)),
    "slow header without end": (HEAD[:-2] + b"X: ", Slowly(b"y" * 500, 0.01)),
    "1xx without end": tuple(Slowly(EARLY, 0.005) for _ in range(10)),
}


@pytest.mark.parametrize("script", SLOW.values(), ids=SLOW)
@steady_time
async def test_slow_server_meets_the_attempt_and_the_total_timeout(
    script: Script,
) -> None:
    async with set_up() as at:
        at.server.script = script
        twice = RetryPolicy(attempts=2, backoff_initial=0.0, backoff_max=0.0)
        hasty = at.client.with_options(retry=twice, timeouts=Timeouts(total=30, attempt=0.1))
        error, took = await timed(hasty.payments.find(UID))

        assert type(error) is RequestTimeoutError
        assert took.seconds >= 0.19
        assert took.net < 0.25
        await at.nothing_is_left()
        assert len(at.server.payments) == at.permits.granted == len(error.attempts) == 2

        bounded = at.client.with_options(timeouts=Timeouts(total=0.1, attempt=None))
        error, took = await timed(bounded.payments.find(UID))

        assert type(error) is DeadlineExceededError
        assert took.seconds >= 0.095
        assert took.net < 0.15
        await at.nothing_is_left()
        await until(lambda: not at.server.open)  # Late data has no reader.
        assert len(at.server.payments) == at.permits.granted == 3


async def test_refused_connection_is_retried() -> None:
    async with set_up() as at:
        await at.server.stop()
        error = await at.failed()

        assert type(error) is ConnectionFailedError
        assert not error.was_sent
        assert at.permits.granted == len(error.attempts) == 4

        hasty = at.client.with_options(
            retry=RetryPolicy(attempts=10**6, backoff_initial=0.02, backoff_max=0.02, budget=None),
            timeouts=Timeouts(total=0.1),
        )
        late, took = await timed(hasty.payments.find(UID))

        assert type(late) in {ConnectionFailedError, DeadlineExceededError}
        assert took.net < 0.15
        assert not at.server.payments
        await at.server.start()


async def test_unresolvable_name_is_a_failed_connection(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    is_down = True

    def getaddrinfo(host: str, port: int, *_: Any, **__: Any) -> list[Any]:
        if is_down:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    async with set_up(host="localhost", is_warm=False) as at:
        error = await at.failed()

        assert type(error) is ConnectionFailedError
        assert not error.was_sent
        assert at.permits.granted == len(error.attempts) == 4
        assert at.server.connections == 0
        is_down = False


CHANGE: Call[dict[str, Any]] = Call("POST", "/payments/cancel", dict[str, Any], body={})


@pytest.mark.parametrize(
    "name", ["reset before head", "FIN in body", "gzip cut, lengths right", "garbage status line"]
)
async def test_call_that_is_not_idempotent_is_sent_once(
    name: str,
) -> None:
    async with set_up() as at:
        at.server.script, kind = BROKEN[name]
        with pytest.raises(kind) as caught:
            await at.client.call(CHANGE)

        assert caught.value.was_sent
        assert len(at.server.payments) == at.permits.granted == 1


@pytest.mark.parametrize("status", [300, 301, 302, 303, 307, 308])
@pytest.mark.parametrize("location", ["{}/payments/find/x", "//{}/x"])
async def test_redirect_is_not_followed(status: int, location: str) -> None:
    async with FaultServer() as elsewhere, set_up() as at:
        host = elsewhere.url if location.startswith("{}") else elsewhere.url.partition("//")[2]
        redirect = answer(b"", f"Location: {location.format(host)}", status=f"{status} Elsewhere")
        at.server.script = (redirect,)
        error = await at.failed()

        assert type(error) is UnexpectedResponseError
        assert not error.is_transient
        assert len(at.server.payments) == at.permits.granted == 1
        assert elsewhere.connections == 0


@pytest.mark.parametrize("status", [302, 307, 308])
async def test_redirect_receives_no_keys(status: int) -> None:
    async with FaultServer() as elsewhere, set_up(is_warm=False) as at:
        proper = at.server.token_script
        location = f"Location: {elsewhere.url}/users/getToken"
        at.server.token_script = (answer(b"", location, status=f"{status} Elsewhere"),)
        error = await at.failed()

        assert type(error) is UnexpectedResponseError
        assert len(at.server.tokens) == at.permits.granted == 1
        assert not at.server.payments
        assert elsewhere.connections == 0
        at.server.token_script = proper


async def test_cookies_are_never_sent_back() -> None:
    cookies = ("Set-Cookie: a=1; Path=/", "Set-Cookie: b=2; Path=/; Max-Age=999")
    async with set_up() as at:
        for status in ("200 OK", "302 Found", "503 Service Unavailable"):
            at.server.script = (answer(BODY, *cookies, "Location: /x", status=status),)
            await timed(at.client.payments.find(UID))
        await at.next_call_is_right()

        assert len(at.server.payments) == 1 + 1 + 4 + 1
        assert b"cookie" not in b"".join(at.server.payments).lower()
