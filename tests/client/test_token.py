"""The life of a token, in virtual time and against the fake server."""

from __future__ import annotations

import asyncio
import pickle
from contextvars import Context
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async import (
    AuthenticationError,
    ClientClosedError,
    DeadlineExceededError,
    PortOneClient,
    PortOneError,
    RateLimit,
    RetryPolicy,
    ServerError,
    Timeouts,
    TokenBucket,
    UnexpectedResponseError,
)
from portone_async._core.token import REFRESH_MARGIN, AccessToken, Token, TokenCache
from portone_async._redact import Secret
from portone_async.testing import FakePortOne, Json, Status, Unauthorized
from tests.conftest import AT_ONCE
from tests.support.samples import BAD_KEYS, UNAUTHORIZED, body
from tests.support.scripted import PAID, UID, reply, scripted_client, series, token_reply
from tests.support.virtual_time import virtual_time


def now() -> float:
    return asyncio.get_running_loop().time()


async def find(client: PortOneClient) -> None:
    assert (await client.payments.find(UID)).is_paid


@virtual_time
async def test_one_token_fetch_serves_all_waiting_calls() -> None:
    client, transport = scripted_client(token=lambda _: (1, token_reply()), max_in_flight=2)
    await asyncio.gather(*[find(client) for _ in range(100)])
    assert len(transport.tokens) == 1


@virtual_time
async def test_cold_calls_that_fill_every_slot_do_not_deadlock() -> None:
    client, transport = scripted_client(
        token=lambda _: (1, token_reply()), max_in_flight=1, rate_limit=RateLimit(1000, 1)
    )
    async with asyncio.timeout(60):
        await asyncio.gather(*[find(client) for _ in range(50)])
    assert transport.most_in_flight == 1


@pytest.mark.parametrize("lifetime", [61, 300, 1800])
@virtual_time
async def test_token_is_renewed_inside_its_last_minute(lifetime: float) -> None:
    assert 30 < REFRESH_MARGIN < 60
    client, transport = scripted_client(
        token=lambda n: token_reply(f"token{n}", lifetime), rate_limit=None
    )
    await find(client)
    await asyncio.sleep(lifetime - 60.5)
    await find(client)
    assert len(transport.tokens) == 1
    await asyncio.sleep(60.5 - REFRESH_MARGIN + 0.5)
    await find(client)
    await asyncio.sleep(0.1)
    await find(client)
    assert len(transport.tokens) == 2
    assert transport.sent[-1][2] == "Bearer token2"


@pytest.mark.parametrize(("left", "token"), [(44, "token1"), (11, "token1"), (9, "token2")])
@virtual_time
async def test_calls_wait_only_for_a_token_about_to_expire(left: float, token: str) -> None:
    client, transport = scripted_client(
        token=lambda n: (3.0 if n > 1 else 0.0, token_reply(f"token{n}")), rate_limit=None
    )
    loop = asyncio.get_running_loop()
    await find(client)
    await asyncio.sleep(1800 - left)
    started = loop.time()
    await asyncio.gather(*[find(client) for _ in range(50)])
    assert loop.time() - started == pytest.approx(0 if token == "token1" else 3, abs=0.1)
    assert {used for *_, used in transport.sent[-51:]} == {None, f"Bearer {token}"}
    await asyncio.sleep(3.0)
    await find(client)
    assert len(transport.tokens) == 2
    assert transport.sent[-1][2] == "Bearer token2"


@given(st.floats(-1e9, 1e9), st.floats(0, 3600), st.floats(1, 7200))
def test_token_lifetime_does_not_depend_on_a_wall_clock(
    server_now: float, passed: float, lifetime: float
) -> None:
    token = Token(AccessToken("t", server_now + lifetime, server_now), sent_at=1000.0)

    assert token.needs_refresh(1000.0 + passed) is (
        token.expires_at - 1000.0 - passed < REFRESH_MARGIN
    )
    assert token.expires_at - 1000.0 == pytest.approx(lifetime, abs=1e-3)


@pytest.mark.parametrize("lifetime", [REFRESH_MARGIN, 40, 1, 0, -3600])
@virtual_time
async def test_short_lived_token_is_used_once(lifetime: float) -> None:
    client, transport = scripted_client(token=lambda _: token_reply(lifetime=lifetime))
    await find(client)
    assert len(transport.tokens) == 1
    await find(client)
    assert len(transport.tokens) == 2
    assert len(transport.times()) == 2


@virtual_time
async def test_long_queue_always_has_a_valid_token() -> None:
    client, transport = scripted_client(
        token=lambda n: token_reply(f"token{n}", 300), rate_limit=RateLimit(1, 2)
    )
    await asyncio.gather(*[find(client) for _ in range(1000)])
    assert len(transport.times()) == 1000
    ends = {f"Bearer token{n}": at + 300 for n, at in enumerate(transport.tokens, 1)}
    assert all(at < ends[used or ""] for at, _, used in transport.sent if used)
    assert len(transport.tokens) == pytest.approx(1000 / (300 - REFRESH_MARGIN), abs=1)


@virtual_time
async def test_call_uses_the_latest_token_after_the_queue() -> None:
    client, transport = scripted_client(
        series((20, PAID), reply(401, body(UNAUTHORIZED)), PAID), max_in_flight=1
    )
    first = asyncio.create_task(find(client))
    await asyncio.sleep(1)
    queued = [asyncio.create_task(find(client)) for _ in range(5)]
    await asyncio.gather(first, *queued)
    used = [authorization for _, path, authorization in transport.sent if "find" in path]
    assert used == ["Bearer token1", "Bearer token1"] + ["Bearer token2"] * 5
    assert len(transport.tokens) == 2


@virtual_time
async def test_calls_whose_token_expires_in_the_queue_keep_their_order() -> None:
    client, transport = scripted_client(
        lambda n: reply(401, body(UNAUTHORIZED)) if n == 20 else PAID,
        rate_limit=RateLimit(50, 5),
    )
    order: list[int] = []

    async def numbered(number: int) -> None:
        await find(client)
        order.append(number)

    await asyncio.gather(*[numbered(number) for number in range(100)])
    # The refused call, and the few whose permits came while there was no token, wait only for
    # the calls that are in the throttle already.
    late = [number for place, number in enumerate(order) if place - number > 2]
    assert len(late) <= 3
    assert all(order.index(number) - number <= 34 for number in late)
    assert len(transport.tokens) == 2
    times = transport.times()
    assert max(b - a for a, b in pairwise(times)) < 0.1


@virtual_time
async def test_refused_token_is_renewed_once_for_all_calls() -> None:
    is_revoked = False

    def script(_: int) -> Any:
        stale = transport.sent[-1][2] == "Bearer token1"
        return (0.5, reply(401, body(UNAUTHORIZED))) if is_revoked and stale else (0.5, PAID)

    client, transport = scripted_client(script, rate_limit=None, max_in_flight=50)
    await find(client)
    is_revoked = True
    await asyncio.gather(*[find(client) for _ in range(50)])
    assert len(transport.tokens) == 2
    assert len(transport.times()) == 1 + 50 + 50


@virtual_time
async def test_cancelling_the_first_waiter_does_not_cancel_the_fetch() -> None:
    client, transport = scripted_client(token=lambda _: (5, token_reply()))
    first = asyncio.create_task(find(client))
    await asyncio.sleep(1)
    others = [asyncio.create_task(find(client)) for _ in range(9)]
    await asyncio.sleep(1)
    first.cancel()
    await asyncio.gather(*others)
    assert first.cancelled()
    assert len(transport.tokens) == 1


@virtual_time
async def test_fetch_is_cancelled_with_its_last_waiter() -> None:
    client, transport = scripted_client(token=series((5, token_reply()), token_reply("next")))
    waiting = [asyncio.create_task(find(client)) for _ in range(3)]
    await asyncio.sleep(1)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    assert asyncio.all_tasks() == {asyncio.current_task()}
    assert transport.in_flight == 0
    await find(client)
    assert len(transport.tokens) == 2


@virtual_time
async def test_last_waiter_waits_until_the_cancelled_fetch_has_ended() -> None:
    class SlowToCancel:
        async def acquire(self, *, priority: bool = False) -> None:
            assert priority
            try:
                await asyncio.sleep(50)
            finally:
                await asyncio.sleep(1)

        async def pause(self, seconds: float) -> None: ...

        async def close(self) -> None: ...

    client, _ = scripted_client(rate_limit=SlowToCancel())
    waiting = asyncio.create_task(find(client))
    await asyncio.sleep(1)
    waiting.cancel()
    await asyncio.wait({waiting})
    assert asyncio.all_tasks() == {asyncio.current_task()}


@virtual_time
async def test_many_waiters_add_one_callback_to_the_task_of_the_fetch() -> None:
    # A task forgets a callback in linear time: fifty thousand cancelled waiters would take minutes.
    listeners: list[object] = []

    class Watched(asyncio.Task[Any]):
        def add_done_callback(self, listener: Any, *, context: Context | None = None) -> None:
            if self.get_name() == "portone_async token":
                listeners.append(listener)
            super().add_done_callback(listener, context=context)

    def watched(loop: asyncio.AbstractEventLoop, work: Any, **options: Any) -> Watched:
        return Watched(work, loop=loop, **options)

    asyncio.get_running_loop().set_task_factory(watched)
    client, _ = scripted_client(token=lambda _: (1, token_reply()), rate_limit=None)
    await asyncio.gather(*[find(client) for _ in range(100)])
    assert len(listeners) == 1


@virtual_time
async def test_waiters_for_the_token_continue_in_order() -> None:
    client, _ = scripted_client(token=lambda _: (1, token_reply()), rate_limit=None)
    order: list[int] = []

    async def numbered(number: int) -> None:
        await find(client)
        order.append(number)

    await asyncio.gather(*[numbered(number) for number in range(100)])
    assert order == list(range(100))


@virtual_time
async def test_cancelled_fetch_does_not_end_the_next_one() -> None:
    client, transport = scripted_client(token=lambda _: (5, token_reply()))
    gone = asyncio.create_task(find(client))
    await asyncio.sleep(1)
    gone.cancel()
    first = asyncio.create_task(find(client))
    await asyncio.sleep(1)
    await asyncio.gather(first, find(client))
    assert len(transport.tokens) == 2


@virtual_time
async def test_failed_fetch_raises_a_new_error_for_each_waiter() -> None:
    client, transport = scripted_client(
        token=lambda _: (1, reply(503)), retry=RetryPolicy(attempts=2, backoff_initial=0)
    )
    results = await asyncio.gather(*[find(client) for _ in range(20)], return_exceptions=True)
    assert {type(result) for result in results} == {ServerError}
    assert len({id(result) for result in results}) == 20
    for error in results:
        assert isinstance(error, ServerError)
        assert error.endpoint == "POST /users/getToken"
        assert len(error.attempts) == 2
    assert len(transport.tokens) == 2
    assert not transport.times()


@virtual_time
async def test_view_waits_for_the_token_within_its_own_total() -> None:
    client, _ = scripted_client(token=lambda _: (20, token_reply()))
    view = client.with_options(timeouts=Timeouts(total=2))
    patient = asyncio.create_task(find(client))
    started = now()
    with pytest.raises(DeadlineExceededError) as caught:
        await find(view)
    assert now() - started == pytest.approx(2, abs=0.1)
    assert caught.value.endpoint == "GET /payments/find/{merchant_uid}"
    await patient


@virtual_time
async def test_close_ends_a_token_fetch_in_flight() -> None:
    client, _ = scripted_client(token=lambda _: (50, token_reply()))
    waiting = asyncio.create_task(find(client))
    await asyncio.sleep(1)
    await client.close()
    with pytest.raises(ClientClosedError):
        await waiting
    assert asyncio.all_tasks() == {asyncio.current_task()}


@virtual_time
async def test_failed_early_renewal_fails_no_call() -> None:
    problems: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context))
    client, transport = scripted_client(
        lambda _: (30, PAID),
        series(token_reply("t", 100), reply(400)),
        max_in_flight=1,
        rate_limit=None,
        timeouts=Timeouts(None, None),
    )
    await asyncio.gather(*[find(client) for _ in range(3)])
    assert len(transport.tokens) > 1
    assert not problems


@pytest.mark.parametrize(
    "response",
    [
        None,
        {},
        [],
        "x",
        {"access_token": None, "expired_at": 2, "now": 1},
        {"access_token": "", "expired_at": 2, "now": 1},
        {"access_token": "a b", "expired_at": 2, "now": 1},
        {"access_token": "a\r\nX-Evil: 1", "expired_at": 2, "now": 1},
        {"access_token": "토큰", "expired_at": 2, "now": 1},
        {"access_token": "t", "expired_at": "soon", "now": 1},
        {"access_token": "t", "expired_at": "inf", "now": 1},
        {"access_token": "t", "now": 1},
    ],
)
async def test_invalid_token_is_an_error_and_never_sent(response: Any) -> None:
    async with FakePortOne() as server, server.client() as client:
        server.fail(Json({"code": 0, "message": None, "response": response}), on="/users/getToken")
        with pytest.raises(UnexpectedResponseError) as caught:
            await client.payments.find("order-1")
        assert caught.value.endpoint == "POST /users/getToken"
        assert not server.count("/payments")


async def test_refused_keys_are_not_retried(server: FakePortOne) -> None:
    async with PortOneClient("wrong-key", "wrong-secret", base_url=server.url) as client:
        with pytest.raises(AuthenticationError) as caught:
            await client.payments.find("order-1")
    error = caught.value
    assert (error.status, error.code, error.message) == (401, -1, BAD_KEYS["message"])
    assert error.endpoint == "POST /users/getToken"
    assert "V1" in str(error)
    assert not error.is_transient
    assert server.count("/") == 1


async def test_keys_are_sent_in_the_body_and_the_token_in_the_header(server: FakePortOne) -> None:
    server.add(merchant_uid="order-1", tier="A01")
    async with server.client(tier="A01") as client:
        await client.payments.find("order-1")
    fetch, look_up = server.requests

    assert msgspec.json.decode(fetch.body) == {
        "imp_key": server.imp_key,
        "imp_secret": server.imp_secret,
    }
    assert fetch.target == "/users/getToken"
    assert fetch.headers["content-type"] == "application/json"
    assert "authorization" not in fetch.headers
    assert look_up.headers["authorization"] == f"Bearer {server.token}"
    assert look_up.headers["tier"] == "A01"


async def test_expired_token_is_renewed(server: FakePortOne, client: PortOneClient) -> None:
    server.add(merchant_uid="order-1", amount=5)
    await client.payments.find("order-1")
    server.advance(3600)

    assert (await client.payments.find("order-1")).amount == 5
    assert server.count("/users/getToken") == 2
    assert server.count("/payments") == 3


async def test_token_that_stays_refused_raises_after_one_renewal(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(merchant_uid="order-1")
    server.fail(Unauthorized(), times=None)
    with pytest.raises(PortOneError) as caught:
        await client.payments.find("order-1")

    assert type(caught.value).__name__ == "UnauthorizedError"
    assert server.count("/payments") == 2
    assert server.count("/users/getToken") == 2


async def test_token_fetch_is_retried(server: FakePortOne) -> None:
    server.add(merchant_uid="order-1")
    server.fail(Status(503), times=3, on="/users/getToken")
    async with server.client(retry=AT_ONCE) as client:
        await client.payments.find("order-1")

    assert server.count("/users/getToken") == 4
    assert server.count("/payments") == 1


def test_repr_of_a_secret_hides_it() -> None:
    secret = Secret("s3cret")

    assert "s3cret" not in repr(secret) + repr([secret]) + repr({"a": secret})
    assert str(secret) == "s3cret"
    assert "s3cret" not in repr(AccessToken("s3cret", 2, 1)) + repr(
        AccessToken("s3cret", 2, 1).__rich_repr__()
    )
    assert pickle.loads(pickle.dumps(secret)) == "s3cret"


@virtual_time
async def test_renewed_token_is_not_invalidated() -> None:
    fresh = Token(AccessToken("b", 1800, 0), now())
    stale = Token(AccessToken("a", 1800, 0), now())
    tokens = TokenCache()

    async def get(_: Any) -> Token:
        return fresh

    await tokens.ensure(get, None)
    tokens.invalidate(stale)
    assert tokens.latest(get) is fresh
    tokens.invalidate(fresh)
    assert tokens.is_missing


@pytest.mark.parametrize(("status", "code"), [(200, -1), (400, -1), (401, -1), (403, -1)])
async def test_every_refusal_of_the_keys_is_an_authentication_error(
    server: FakePortOne, status: int, code: int
) -> None:
    refusal = {"code": code, "message": "no", "response": None}
    server.fail(Json(refusal, status=status), on="/users/getToken")
    async with server.client() as client:
        with pytest.raises(AuthenticationError):
            await client.payments.find("order-1")
    assert server.count("/") == 1


@virtual_time
async def test_permanent_401_does_not_multiply_token_fetches() -> None:
    client, transport = scripted_client(lambda _: reply(401, body(UNAUTHORIZED)))
    for _ in range(10):
        with pytest.raises(PortOneError):
            await client.payments.find(UID)
    assert len(transport.times()) == 20
    assert len(transport.tokens) == 1 + 10


@virtual_time
async def test_late_waiter_waits_no_longer_than_its_own_total() -> None:
    client, _ = scripted_client(
        token=lambda _: (50, token_reply()), timeouts=Timeouts(total=100, attempt=None)
    )
    patient = asyncio.create_task(find(client))
    await asyncio.sleep(10)
    started = now()
    with pytest.raises(DeadlineExceededError):
        await find(client.with_options(timeouts=Timeouts(total=3)))
    assert now() - started == pytest.approx(3, abs=0.1)
    await patient


@virtual_time
async def test_queueing_of_a_token_fetch_is_not_in_the_total() -> None:
    started = now()
    throttle = TokenBucket(RateLimit(100, 100))
    await throttle.pause(10)
    client, transport = scripted_client(
        lambda _: (3, PAID),
        lambda _: (1, token_reply()),
        rate_limit=throttle,
        timeouts=Timeouts(total=5),
    )
    await find(client)
    assert transport.tokens == pytest.approx([started + 10], abs=0.1)
    # The time of the fetch itself is included.
    client, _ = scripted_client(
        lambda _: (3, PAID), lambda _: (3, token_reply()), timeouts=Timeouts(total=5)
    )
    with pytest.raises(DeadlineExceededError):
        await find(client)


@virtual_time
async def test_slow_fetch_raises_its_own_error_for_all_waiters() -> None:
    client, _ = scripted_client(
        token=lambda _: (50, token_reply()), timeouts=Timeouts(total=5, attempt=None)
    )
    started = now()
    results = await asyncio.gather(*[find(client) for _ in range(3)], return_exceptions=True)
    assert now() - started == pytest.approx(5, abs=0.1)
    for error in results:
        assert isinstance(error, DeadlineExceededError)
        assert error.endpoint == "POST /users/getToken"
        assert len(error.attempts) == 1


class Counting:
    """Grants every permit, and counts them."""

    taken = 0

    async def acquire(self, *, priority: bool = False) -> None:
        self.taken += 1

    async def pause(self, seconds: float) -> None: ...

    async def close(self) -> None: ...


@virtual_time
async def test_no_permit_is_spent_on_a_token_that_expired_in_the_queue() -> None:
    throttle = Counting()
    client, transport = scripted_client(
        series((200, PAID), PAID),
        lambda _: token_reply(lifetime=100),
        rate_limit=throttle,
        max_in_flight=1,
        timeouts=Timeouts(None, None),
    )
    await asyncio.gather(*[find(client) for _ in range(2)])
    assert len(transport.tokens) == 2
    assert throttle.taken == len(transport.sent) == 4


@virtual_time
async def test_no_permit_is_spent_without_a_token() -> None:
    throttle = Counting()
    client, transport = scripted_client(
        lambda n: (0.1, reply(401, body(UNAUTHORIZED))) if n == 1 else (0.1, PAID),
        lambda _: (5, token_reply()),
        rate_limit=throttle,
        max_in_flight=1,
    )
    await asyncio.gather(*[find(client) for _ in range(20)])
    assert throttle.taken == len(transport.sent)
