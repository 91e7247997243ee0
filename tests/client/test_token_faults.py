"""Any reply of ``POST /users/getToken`` and any clock step cost few fetches and one clear error."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async import (
    AuthenticationError,
    ClientClosedError,
    DeadlineExceededError,
    MalformedResponseError,
    PortOneClient,
    PortOneError,
    RateLimitedError,
    ServerError,
    Timeouts,
    UnauthorizedError,
    UnexpectedResponseError,
)
from portone_async.testing import (
    Body,
    Disconnect,
    FakePortOne,
    Fault,
    Hang,
    HtmlPage,
    Json,
    Status,
    TooManyRequests,
    Unauthorized,
)
from portone_async.testing.clock import Clock
from portone_async.testing.exchange import Exchange
from portone_async.testing.reply import Reply
from portone_async.testing.tokens import Tokens
from tests.conftest import AT_ONCE
from tests.support.idle import leaves_nothing
from tests.support.samples import BAD_KEYS, UNAUTHORIZED, body
from tests.support.scripted import PAID, UID, reply, scripted_client, token_reply
from tests.support.stopwatch import timed
from tests.support.virtual_time import virtual_time
from tests.support.ways import both_ways, one_way

pytestmark = both_ways

DAY = 86400.0
TOTAL = Timeouts(total=5.0, attempt=1.0)


@pytest.fixture(name="server")
async def _server() -> AsyncGenerator[FakePortOne]:
    async with leaves_nothing(), FakePortOne() as server:
        server.add(merchant_uid=UID)
        yield server


class Altered:
    """The reply of getToken with some fields changed; ``...`` removes a field."""

    def __init__(self, **changes: Any) -> None:
        self._changes = changes

    async def meet(self, exchange: Exchange) -> Reply:
        envelope = json.loads(exchange.reply().body)
        response = envelope["response"] | self._changes
        envelope["response"] = {name: value for name, value in response.items() if value is not ...}
        return Reply(200, body(envelope), {"Content-Type": "application/json"})


INVALID: dict[str, tuple[Fault, type[PortOneError], int]] = {
    "HTML": (HtmlPage(200), MalformedResponseError, 4),
    "nothing": (Body(b""), MalformedResponseError, 4),
    "cut JSON": (Body(b'{"code":0,"response":{"access_token":"t'), MalformedResponseError, 4),
    "null": (Body(b"null"), UnexpectedResponseError, 1),
    "[]": (Body(b"[]"), UnexpectedResponseError, 1),
    "a word": (Body(b'"token"'), UnexpectedResponseError, 1),
    "no response": (Json({"code": 0, "message": None}), UnexpectedResponseError, 1),
    "response null": (
        Json({"code": 0, "message": None, "response": None}),
        UnexpectedResponseError,
        1,
    ),
    "no token": (Altered(access_token=...), UnexpectedResponseError, 1),
    "token null": (Altered(access_token=None), UnexpectedResponseError, 1),
    "token empty": (Altered(access_token=""), UnexpectedResponseError, 1),
    "token a number": (Altered(access_token=7), UnexpectedResponseError, 1),
    "token with CR/LF": (Altered(access_token="t\r\nX-Evil: 1"), UnexpectedResponseError, 1),
    "token with LF at its end": (Altered(access_token="t\n"), UnexpectedResponseError, 1),
    "token with NUL": (Altered(access_token="t\0"), UnexpectedResponseError, 1),
    "token not ASCII": (Altered(access_token="토큰"), UnexpectedResponseError, 1),
    "no end": (Altered(expired_at=...), UnexpectedResponseError, 1),
    "end null": (Altered(expired_at=None), UnexpectedResponseError, 1),
    "end in words": (Altered(expired_at="tomorrow"), UnexpectedResponseError, 1),
    "end NaN in quotes": (Altered(expired_at="NaN"), UnexpectedResponseError, 1),
    "end NaN": (Altered(expired_at=float("nan")), MalformedResponseError, 4),
    "end Infinity": (Altered(expired_at=float("inf")), MalformedResponseError, 4),
    "no now": (Altered(now=...), UnexpectedResponseError, 1),
    "500": (Status(500), ServerError, 4),
    "503": (Status(503), ServerError, 4),
    "429": (TooManyRequests(None), RateLimitedError, 4),
    "code -1 in 200": (Json(BAD_KEYS), AuthenticationError, 1),
    "code -1 in 401": (Json(BAD_KEYS, status=401), AuthenticationError, 1),
    "401 in HTML": (Status(401), AuthenticationError, 1),
    "302": (Status(302, headers={"Location": "https://elsewhere.example"}), PortOneError, 1),
    "404": (Status(404), UnexpectedResponseError, 1),
    "a dropped connection": (Disconnect(), PortOneError, 4),
}


@pytest.mark.parametrize("name", INVALID)
async def test_invalid_token_reply_fails_only_the_waiting_calls(
    server: FakePortOne, name: str
) -> None:
    fault, kind, sends = INVALID[name]
    server.fail(fault, times=None, on="/users/getToken")
    async with server.client(
        retry=AT_ONCE, rate_limit=None, timeouts=TOTAL, max_in_flight=2
    ) as client:
        results = await asyncio.gather(*[timed(client.payments.find(UID)) for _ in range(5)])
        for error, took in results:
            assert isinstance(error, kind)
            assert error.is_transient is (sends > 1)
            assert error.endpoint == "POST /users/getToken"
            assert len(error.attempts) == sends
            assert took.net < TOTAL.total  # type: ignore[operator]  # it is a number above
        assert server.count("/") == server.count("/users/getToken") == sends

        server.clear_faults()
        server.clear_requests()
        payments = await asyncio.gather(*[client.payments.find(UID) for _ in range(5)])
        assert all(payment.is_paid for payment in payments)
        assert server.count("/users/getToken") == 1


async def test_hanging_token_fetch_ends_with_the_total(server: FakePortOne) -> None:
    server.fail(Hang(), times=None, on="/users/getToken")
    async with server.client(timeouts=Timeouts(total=0.3, attempt=None)) as client:
        results = await asyncio.gather(*[timed(client.payments.find(UID)) for _ in range(50)])
        for error, took in results:
            assert type(error) is DeadlineExceededError
            assert took.seconds >= 0.29
            assert took.net < 0.35
        assert server.count("/") == 1
        server.clear_faults()
        patient = client.with_options(timeouts=Timeouts(total=60))
        assert (await patient.payments.find(UID)).is_paid


@pytest.mark.parametrize(
    ("changes", "fetches"),
    [
        pytest.param({"expired_at": 253402300799}, 1, id="year 9999"),
        pytest.param({"expired_at": 1e300}, 1, id="beyond all years"),
        pytest.param({"expired_at": "253402300799"}, 1, id="digits in quotes"),
        pytest.param({"expired_at": 0}, 10, id="1970"),
        pytest.param({"expired_at": -1e300}, 10, id="before all years"),
        pytest.param({"expired_at": 1000, "now": 1000}, 10, id="this very second"),
    ],
)
async def test_any_expiry_costs_at_most_one_fetch_per_call(
    server: FakePortOne, changes: dict[str, Any], fetches: int
) -> None:
    server.fail(Altered(**changes), times=None, on="/users/getToken")
    async with server.client(rate_limit=None) as client:
        for _ in range(10):
            assert (await client.payments.find(UID)).is_paid
        assert server.count("/users/getToken") == fetches
        assert server.count("/payments") == 10

        # PortOne revokes it, whatever end its reply had.
        server.revoke_token()
        assert (await client.payments.find(UID)).is_paid
        assert server.count("/payments") == 11 + (fetches == 1)
        assert server.count("/users/getToken") == fetches + 1


async def test_token_that_seems_expired_is_fetched_once_for_all(server: FakePortOne) -> None:
    server.fail(Altered(expired_at=0), times=None, on="/users/getToken")
    async with server.client(rate_limit=None, max_in_flight=200) as client:
        payments = await asyncio.gather(*[client.payments.find(UID) for _ in range(200)])
    assert all(payment.is_paid for payment in payments)
    assert server.count("/users/getToken") == 1


async def test_same_token_after_a_401_is_sent_only_once_more(server: FakePortOne) -> None:
    server.fail(Unauthorized(), times=None)
    async with server.client(retry=AT_ONCE, rate_limit=None) as client:
        with pytest.raises(UnauthorizedError) as caught:
            await client.payments.find(UID)
        sent = [
            request.headers["authorization"]
            for request in server.requests
            if "payments" in request.path
        ]
        assert sent == [f"Bearer {server.token}"] * 2
        assert len(caught.value.attempts) == 2
        assert server.count("/users/getToken") == 2
        server.clear_faults()
        assert (await client.payments.find(UID)).is_paid


@pytest.mark.parametrize(
    ("calls", "places", "fetches"),
    [
        pytest.param(50, 1, 50, id="in sequence: a fetch per call"),
        pytest.param(200, 32, 100, id="shared by the calls in flight"),
        pytest.param(200, 200, 1, id="one for all"),
    ],
)
async def test_many_401_under_load_cause_few_token_fetches(
    server: FakePortOne, calls: int, places: int, fetches: int
) -> None:
    server.fail(Unauthorized(), times=None)
    async with server.client(retry=AT_ONCE, rate_limit=None, max_in_flight=places) as client:
        results = await asyncio.gather(
            *[client.payments.find(UID) for _ in range(calls)], return_exceptions=True
        )
        errors = [result for result in results if isinstance(result, UnauthorizedError)]
        assert len(errors) == calls
        # Two refusals per call; a broken connection would add an attempt.
        refusals = [
            [a.error for a in error.attempts].count("UnauthorizedError") for error in errors
        ]
        assert refusals == [2] * calls
        assert server.count("/payments") == sum(len(error.attempts) for error in errors)
        assert 2 <= server.count("/users/getToken") <= 1 + fetches

        server.clear_faults()
        server.clear_requests()
        assert (await client.payments.find(UID)).is_paid
        assert server.count("/") <= 2


async def test_token_revoked_under_load_is_fetched_once(server: FakePortOne) -> None:
    async with server.client(retry=AT_ONCE, rate_limit=None, max_in_flight=50) as client:
        await client.payments.find(UID)
        server.revoke_token()
        payments = await asyncio.gather(*[client.payments.find(UID) for _ in range(200)])
    assert len(payments) == 200
    assert server.count("/users/getToken") == 2
    assert server.count("/payments") <= 1 + 200 + 50


@pytest.mark.parametrize("step", [DAY, -DAY])
async def test_step_of_the_local_wall_clock_changes_nothing(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch, step: float
) -> None:
    async with server.client(rate_limit=None) as client:
        await client.payments.find(UID)
        wall, wall_ns = time.time, time.time_ns
        monkeypatch.setattr(time, "time", lambda: wall() + step)
        monkeypatch.setattr(time, "time_ns", lambda: wall_ns() + int(step * 1e9))
        for _ in range(5):
            assert (await client.payments.find(UID)).is_paid
    assert server.count("/users/getToken") == 1
    assert server.count("/payments") == 6


@pytest.mark.parametrize(("step", "is_refused"), [(DAY, True), (-DAY, False)])
async def test_step_of_the_server_clock_costs_at_most_one_renewal(
    server: FakePortOne, step: float, is_refused: bool
) -> None:
    async with server.client(rate_limit=None, max_in_flight=8) as client:
        await client.payments.find(UID)
        server.advance(step)
        for _ in range(3):
            payments = await asyncio.gather(*[client.payments.find(UID) for _ in range(20)])
            assert all(payment.is_paid for payment in payments)
    assert server.count("/users/getToken") == 1 + is_refused
    assert server.count("/payments") <= 61 + 8 * is_refused


class _LoopClock(Clock):
    """The server's clock in virtual time: it runs with the loop's, and steps."""

    offset = 1770000000.0

    @property
    def now(self) -> float:
        return asyncio.get_running_loop().time() + self.offset


@one_way
@given(
    st.lists(
        st.tuples(
            st.sampled_from([0.0, 0.0, DAY, -DAY]), st.sampled_from([0.0, 30.0, 1760.0, 7200.0])
        ),
        max_size=12,
    )
)
@virtual_time
async def test_clock_steps_fail_no_call(events: list[tuple[float, float]]) -> None:
    """The scripted server follows PortOne's rules for tokens; see ``portone_async.testing.tokens``."""
    clock = _LoopClock()
    tokens = Tokens(clock, 1800)

    def answer(_: int) -> Any:
        authorization = transport.sent[-1][2] or ""
        is_good = tokens.accepts(authorization.removeprefix("Bearer "))
        return PAID if is_good else reply(401, body(UNAUTHORIZED))

    def issue(_: int) -> Any:
        token = tokens.issue()
        return token_reply(token.value, token.expired_at - clock.now, clock.now)

    client, transport = scripted_client(answer, issue, rate_limit=None)
    for step, wait in events:
        clock.offset += step
        fetched, sent = len(transport.tokens), len(transport.times())
        for _ in range(5):
            assert (await client.payments.find(UID)).is_paid
        assert len(transport.tokens) - fetched <= 1 + (sent == 0)
        assert len(transport.times()) - sent <= 5 + 1
        await asyncio.sleep(wait)
    await client.close()
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_close_during_many_401_ends_every_call(server: FakePortOne) -> None:
    server.fail(Unauthorized(), times=None)
    client: PortOneClient = server.client(retry=AT_ONCE, rate_limit=None, max_in_flight=4)
    calls = [asyncio.create_task(client.payments.find(UID)) for _ in range(50)]
    while server.count("/payments") < 20:
        await asyncio.sleep(0)
    await client.close()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert {type(result) for result in results} == {UnauthorizedError, ClientClosedError}
