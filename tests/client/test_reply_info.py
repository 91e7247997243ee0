"""Errors and answers have the status, headers and time of the last reply, on both ways."""

from __future__ import annotations

from collections.abc import AsyncGenerator

import pytest

from portone_async import (
    Answer,
    Call,
    ConnectionFailedError,
    OutcomeUnknownError,
    Payment,
    PaymentNotFoundError,
    PortOneError,
    RateLimitedError,
    RetryPolicy,
    ThrottleError,
    UnexpectedResponseError,
)
from portone_async._http import exchange as _exchange
from portone_async.resources._settle import settle
from portone_async.testing import Body, Disconnect, FakePortOne, Status
from tests.client.test_transport import answering, client_of, http
from tests.conftest import AT_ONCE
from tests.support.canaries import KEY, SECRET, assert_clean, canary_server
from tests.support.samples import CARD_PAID, ok
from tests.support.scripted import UID, RefusingThrottle, reply, scripted_client, series
from tests.support.virtual_time import virtual_time
from tests.support.ways import both_ways, one_way

pytestmark = both_ways

LOOK_UP = Call("GET", "/payments/find/{uid}", Payment, path={"uid": UID})


@pytest.fixture(name="server")
async def _server() -> AsyncGenerator[FakePortOne]:
    async with canary_server() as server:
        server.add(merchant_uid=UID)
        yield server


async def failed(server: FakePortOne, retry: RetryPolicy = AT_ONCE) -> PortOneError:
    async with server.client(retry=retry) as client:
        with pytest.raises(PortOneError) as caught:
            await client.payments.find(UID)
    return caught.value


async def test_answer_has_the_response_and_its_reply(server: FakePortOne) -> None:
    body = Body(ok(CARD_PAID | {"merchant_uid": UID}), headers={"X-Request-Id": "r-1"})
    server.fail(body)
    async with server.client() as client:
        answer = await client.call(LOOK_UP, with_reply=True)

    assert isinstance(answer, Answer)
    assert answer.value.merchant_uid == UID
    assert answer.reply.status == 200
    assert answer.reply.headers["x-request-id"] == "r-1"
    assert answer.reply.elapsed > 0


async def test_headers_are_those_of_the_server_on_either_way() -> None:
    sent = (
        "x-odd-NAME: r-1",
        "Via: a",
        "X-Empty:",
        "via: b",
        "Set-Cookie: s=1",
        "X-RateLimit: 5",
    )
    body = ok(CARD_PAID | {"merchant_uid": UID})
    async with answering(http(body, *sent)) as raw, client_of(raw) as client:
        answer = await client.call(LOOK_UP, with_reply=True)

    assert list(answer.reply.headers.items()) == [
        ("Content-Length", answer.reply.headers["content-length"]),
        ("x-odd-NAME", "r-1"),
        ("Via", "a, b"),
        ("X-Empty", ""),
        ("X-RateLimit", "5"),
    ]


async def test_answer_after_a_retry_has_the_reply_of_the_success(server: FakePortOne) -> None:
    server.fail(Status(503, headers={"X-Request-Id": "r-1"}))
    async with server.client(retry=AT_ONCE) as client:
        answer = await client.call(LOOK_UP, with_reply=True)

    assert answer.reply.status == 200
    assert "X-Request-Id" not in answer.reply.headers


async def test_call_returns_the_bare_response_by_default(server: FakePortOne) -> None:
    async with server.client() as client:
        payment: Payment = await client.call(LOOK_UP)
        same: Payment = await client.call(LOOK_UP, with_reply=False)

    assert (type(payment), type(same)) == (Payment, Payment)


async def test_error_has_the_reply_of_the_last_attempt(server: FakePortOne) -> None:
    server.fail(Status(503, headers={"X-Request-Id": "r-1"}))
    server.fail(Status(429, headers={"X-Request-Id": "r-2", "Retry-After": "0"}), times=None)

    error = await failed(server, RetryPolicy(attempts=2, backoff_initial=0))

    assert type(error) is RateLimitedError
    assert error.reply is not None
    assert error.reply.status == 429
    assert error.reply.headers["X-Request-Id"] == "r-2"
    assert 0 < error.reply.elapsed < error.elapsed
    assert "r-2" not in f"{error} {error!r}"


async def test_missing_payment_has_a_reply(server: FakePortOne) -> None:
    async with server.client() as client:
        with pytest.raises(PaymentNotFoundError) as caught:
            await client.payments.find("missing")

    assert caught.value.reply is not None
    assert caught.value.reply.status == 404
    assert "Date" in caught.value.reply.headers


async def test_error_has_no_reply_if_the_last_attempt_had_none(server: FakePortOne) -> None:
    server.fail(Status(503))
    server.fail(Disconnect(), times=None)

    error = await failed(server)

    assert type(error) is ConnectionFailedError
    assert error.attempts[0].status == 503
    assert error.reply is None


async def test_error_of_the_token_fetch_has_its_reply(server: FakePortOne) -> None:
    token = "a" * 40
    server.fail(Status(400, headers={"X-Tried": f"1 {token}", "X-Id": "7"}), on="/users/getToken")

    error = await failed(server)

    assert error.endpoint == "POST /users/getToken"
    assert error.reply is not None
    assert error.reply.headers["X-Tried"] == "1 …"
    assert error.reply.headers["X-Id"] == "7"


async def test_reply_with_too_large_a_body_is_in_the_error(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    server.fail(Body(b" " * 10_001, status=404, headers={"X-Request-Id": "r-1"}), times=None)
    async with server.client(retry=AT_ONCE) as client:
        monkeypatch.setattr(_exchange, "MAX_BODY", 10_000)
        with pytest.raises(UnexpectedResponseError, match="10000 bytes") as caught:
            await client.payments.find(UID)

    assert caught.value.reply is not None
    assert caught.value.reply.status == 404
    assert caught.value.reply.headers["X-Request-Id"] == "r-1"


async def test_headers_of_a_reply_leak_no_secret(server: FakePortOne) -> None:
    headers = {
        "X-Echo": f"{KEY} {SECRET}",
        "Set-Cookie": f"session={SECRET}",
        "Location": f"https://example.com/?token={SECRET}",
        "X-Access-Token": SECRET,
    }
    server.fail(Status(503, headers=headers), times=None)

    error = await failed(server)

    assert error.reply is not None
    assert error.reply.headers["X-Echo"] == "*** ***"
    assert_clean(error=error, token=server.token)


@one_way
@virtual_time
async def test_error_before_the_next_attempt_has_the_last_reply() -> None:
    # Permits for the token and for the first attempt.
    throttle = RefusingThrottle(2, ThrottleError("the store is down"))
    client, _ = scripted_client(
        lambda _: (1.5, reply(503, X_Id="7")), retry=AT_ONCE, rate_limit=throttle
    )

    with pytest.raises(ThrottleError) as caught:
        await client.payments.find(UID)

    assert caught.value.reply is not None
    assert caught.value.reply.headers["x-id"] == "7"
    assert caught.value.reply.elapsed == pytest.approx(1.5, abs=0.01)


@one_way
@virtual_time
async def test_error_after_an_attempt_without_a_reply_has_none() -> None:
    script = series(reply(503, X_Id="7"), ConnectionFailedError("reset"))
    throttle = RefusingThrottle(3, ThrottleError("the store is down"))
    client, _ = scripted_client(script, retry=AT_ONCE, rate_limit=throttle)

    with pytest.raises(ThrottleError) as caught:
        await client.payments.find(UID)

    assert len(caught.value.attempts) == 2
    assert caught.value.reply is None


@one_way
@virtual_time
async def test_unknown_outcome_has_the_reply_of_its_request() -> None:
    client, _ = scripted_client(lambda _: reply(500, X_Id="7"))

    async def send() -> Payment:
        return await client.call(Call("POST", "/payments/cancel", Payment))

    async def look() -> None:
        return None

    with pytest.raises(OutcomeUnknownError) as caught:
        await settle(send, look, seconds=0)

    assert caught.value.reply is not None
    assert caught.value.reply.headers["x-id"] == "7"


@one_way
@virtual_time
async def test_error_before_any_reply_has_none() -> None:
    client, _ = scripted_client(rate_limit=RefusingThrottle(1, ThrottleError("the store is down")))

    with pytest.raises(ThrottleError) as caught:
        await client.payments.find(UID)

    assert caught.value.reply is None
