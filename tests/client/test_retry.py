"""Which failures are retried, when, and for how long: in virtual time."""

from __future__ import annotations

import asyncio
import logging
from functools import partial
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async import (
    Attempt,
    Call,
    ClientClosedError,
    ConnectionFailedError,
    DeadlineExceededError,
    InvalidRequestError,
    MalformedResponseError,
    Payment,
    PortOneClient,
    PortOneError,
    RateLimit,
    RateLimitedError,
    RequestTimeoutError,
    RetryPolicy,
    ServerError,
    Timeouts,
    TransientError,
    UnauthorizedError,
)
from portone_async._core.retry import RetryBudget
from portone_async.throttle import Unthrottled
from tests.conftest import AT_ONCE
from tests.support.samples import NOT_FOUND, UNAUTHORIZED, body, ok
from tests.support.scripted import (
    PAID,
    UID,
    RefusingThrottle,
    ScriptedTransport,
    reply,
    scripted_client,
    series,
    token_reply,
)
from tests.support.virtual_time import virtual_time

HANG = (10**6, PAID)
UNSENT = ConnectionFailedError("refused")
UNSENT.was_sent = False


def now() -> float:
    return asyncio.get_running_loop().time()


async def failure(client: PortOneClient) -> PortOneError:
    with pytest.raises(PortOneError) as caught:
        await client.payments.find(UID)
    return caught.value


@virtual_time
async def test_transient_failure_is_retried_until_it_succeeds() -> None:
    client, transport = scripted_client(
        series(reply(503), ConnectionFailedError("reset"), reply(200), PAID)
    )
    assert (await client.payments.find(UID)).is_paid
    assert len(transport.times()) == 4


@pytest.mark.parametrize("attempts", [1, 2, 7])
@virtual_time
async def test_attempts_bounds_the_sends(attempts: int) -> None:
    client, transport = scripted_client(
        lambda _: reply(503), retry=RetryPolicy(attempts=attempts), timeouts=Timeouts(None)
    )
    error = await failure(client)
    assert len(transport.times()) == len(error.attempts) == attempts
    assert error.gave_up == f"RetryPolicy.attempts is {attempts}"


@pytest.mark.parametrize(
    ("outcome", "is_retried"),
    [
        *[(reply(status), True) for status in (408, 425, 429, 500, 502, 503, 504)],
        *[(reply(status), False) for status in (301, 400, 403, 404, 405, 409, 501, 505)],
        (reply(200), True),
        (reply(200, b""), True),
        (reply(200, ok({"imp_uid": "x"})[:-1]), True),
        (reply(200, b"null"), False),
        (reply(200, ok({"imp_uid": "x"})), False),
        (reply(200, body(NOT_FOUND | {"code": 1, "message": "no"})), False),
        (reply(404, body(NOT_FOUND)), False),
        (ConnectionFailedError("reset"), True),
        (RequestTimeoutError("late"), True),
    ],
    ids=str,
)
@virtual_time
async def test_only_transient_failures_are_retried(outcome: Any, is_retried: bool) -> None:
    client, transport = scripted_client(lambda _: outcome, retry=RetryPolicy(attempts=2))
    error = await failure(client)
    assert len(transport.times()) == (2 if is_retried else 1)
    assert isinstance(error, TransientError) is is_retried


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@virtual_time
async def test_non_idempotent_call_is_retried_only_if_never_sent(method: str) -> None:
    for outcome, sends in ((reply(503), 1), (reply(429), 1), (HANG, 1), (UNSENT, 4)):
        client, transport = scripted_client(series(outcome))
        call = Call(method, "/payments/cancel", Payment, body={"imp_uid": "imp_1"})
        with pytest.raises(TransientError) as caught:
            await client.call(call)
        assert len(transport.times()) == sends
        assert caught.value.was_sent is (sends == 1)
        if sends == 1:
            assert caught.value.gave_up == (
                "not retried: the request may have been processed and is not idempotent"
            )


@virtual_time
async def test_waits_are_jittered_below_a_doubling_ceiling() -> None:
    waits: list[tuple[float, ...]] = []
    for _ in range(200):
        seen: list[Attempt] = []
        client, _transport = scripted_client(
            lambda _: reply(503),
            on_attempt=seen.append,
            timeouts=Timeouts(None),
            rate_limit=None,
            retry=RetryPolicy(attempts=5, backoff_initial=1, backoff_max=3),
        )
        await failure(client)
        waits.append(tuple(attempt.wait for attempt in seen[1:] if attempt.wait is not None))
    for position, ceiling in enumerate((1, 2, 3, 3)):
        column = [wait[position] for wait in waits]
        assert 0 < min(column) < 0.2 * ceiling
        assert sum(wait < ceiling / 2 for wait in column) == pytest.approx(100, abs=35)
        assert 0.8 * ceiling < max(column) <= ceiling


@pytest.mark.parametrize(
    "headers",
    [
        {"Retry_After": "7"},
        {"Retry_After": "Mon, 23 Nov 2026 04:00:07 GMT", "Date": "Mon, 23 Nov 2026 04:00:00 GMT"},
        {"Retry_After": "Fri, 23 Nov 1990 04:00:07 GMT", "Date": "Fri, 23 Nov 1990 04:00:00 GMT"},
    ],
)
@pytest.mark.parametrize("status", [429, 503, 500])
@virtual_time
async def test_retry_after_is_honoured(status: int, headers: dict[str, str]) -> None:
    client, transport = scripted_client(
        series(reply(status, b"<html>", **headers), PAID), retry=AT_ONCE
    )
    await client.payments.find(UID)
    first, second = transport.times()
    assert second - first == pytest.approx(7, abs=0.1)


@virtual_time
async def test_retry_after_beyond_the_maximum_ends_the_call() -> None:
    client, transport = scripted_client(lambda _: reply(429, Retry_After="3600"))
    started = now()
    error = await failure(client)
    assert isinstance(error, RateLimitedError)
    assert error.retry_after == 3600
    assert "3600 s" in (error.gave_up or "")
    assert now() - started < 0.1
    assert len(transport.times()) == 1


@pytest.mark.parametrize("rate_limit", [RateLimit(1000, 10), None])
@virtual_time
async def test_retry_after_pauses_all_calls(rate_limit: RateLimit | None) -> None:
    client, transport = scripted_client(
        series(PAID, reply(429, Retry_After="5"), PAID), rate_limit=rate_limit, retry=AT_ONCE
    )
    await client.payments.find(UID)
    await asyncio.gather(client.payments.find(UID), asyncio.sleep(0.1))
    paused = [asyncio.create_task(client.payments.find(UID)) for _ in range(50)]
    view = client.with_options(timeouts=Timeouts(10))
    await asyncio.gather(*paused, view.payments.find(UID))
    times = transport.times()
    assert times[2] - times[1] >= 5


@pytest.mark.parametrize("status", [400, 404, 500, 502])
@virtual_time
async def test_retry_after_of_other_statuses_pauses_no_other_call(status: int) -> None:
    client, _ = scripted_client(
        series(reply(status, body(NOT_FOUND), Retry_After="30"), PAID),
        retry=RetryPolicy(attempts=1),
    )
    await failure(client)
    began = now()
    await client.payments.find(UID)
    assert now() - began < 1


@pytest.mark.parametrize("rate_limit", [RateLimit(1000, 10), None])
@virtual_time
async def test_pause_delays_calls_that_start_during_it(rate_limit: RateLimit | None) -> None:
    client, transport = scripted_client(
        series(reply(503, Retry_After="5"), PAID), rate_limit=rate_limit
    )
    refused = asyncio.create_task(client.payments.find(UID))
    await asyncio.sleep(1)
    began = now()
    await client.payments.find(UID)
    assert now() - began >= 3.9
    await refused
    assert sorted(transport.times()) == transport.times()
    assert transport.times()[1] - transport.times()[0] >= 5


@virtual_time
async def test_pause_is_at_most_retry_after_max() -> None:
    client, _ = scripted_client(
        series(reply(429, Retry_After="3600"), PAID), retry=RetryPolicy(retry_after_max=20)
    )
    await failure(client)
    began = now()
    await client.payments.find(UID)
    assert 19 < now() - began < 21


@virtual_time
async def test_unthrottled_view_pauses_its_client_too() -> None:
    client, _ = scripted_client(series(reply(429, Retry_After="5"), PAID))
    view = client.with_options(rate_limit=None, retry=RetryPolicy(attempts=1))
    await failure(view)
    began = now()
    await client.payments.find(UID)
    assert now() - began >= 4.9


@virtual_time
async def test_view_with_its_own_throttle_does_not_pause_its_client() -> None:
    client, _ = scripted_client(series(reply(429, Retry_After="5"), PAID))
    view = client.with_options(rate_limit=RateLimit(), retry=RetryPolicy(attempts=1))
    await failure(view)
    began = now()
    await client.payments.find(UID)
    assert now() - began < 0.1


@pytest.mark.parametrize("total", [0.3, 2.0, 60.0])
@pytest.mark.parametrize(
    "outcome",
    [HANG, reply(503), (0.25, reply(503)), reply(503, Retry_After="1"), UNSENT],
    ids=["hang", "503", "slow 503", "Retry-After", "refused"],
)
@virtual_time
async def test_total_bounds_the_call(total: float, outcome: Any) -> None:
    client, transport = scripted_client(
        lambda _: outcome,
        retry=RetryPolicy(attempts=10**6, budget=None),
        timeouts=Timeouts(total=total, attempt=0.4),
        rate_limit=RateLimit(10, 1),
    )
    started = now()
    error = await failure(client)
    assert isinstance(error, TransientError)
    assert now() - started <= total + 0.15 + 0.05  # the token's permit, and half of 50 ms
    assert transport.in_flight == 0


@virtual_time
async def test_deadline_exceeded_error_has_the_history() -> None:
    client, _ = scripted_client(
        series(reply(503), HANG), retry=AT_ONCE, timeouts=Timeouts(total=3, attempt=10)
    )
    error = await failure(client)
    assert type(error) is DeadlineExceededError
    assert [attempt.error for attempt in error.attempts] == ["ServerError", "DeadlineExceededError"]
    assert error.elapsed == pytest.approx(3, abs=0.1)
    assert "within 3 s" in str(error)


@virtual_time
async def test_connection_that_breaks_at_the_deadline_is_not_a_timeout() -> None:
    client, _ = scripted_client(
        lambda _: (9.999, ConnectionFailedError("reset")),
        timeouts=Timeouts(total=10, attempt=None),
    )
    error = await failure(client)
    assert type(error) is ConnectionFailedError
    assert "no time left" in (error.gave_up or "")


@virtual_time
async def test_attempt_timeout_bounds_an_attempt() -> None:
    client, transport = scripted_client(
        series(HANG, HANG, PAID), retry=AT_ONCE, timeouts=Timeouts(total=60, attempt=2)
    )
    await client.payments.find(UID)
    times = transport.times()
    assert [b - a for a, b in pairwise(times)] == pytest.approx([2, 2], abs=0.1)


@virtual_time
async def test_wait_beyond_the_deadline_is_not_started() -> None:
    client, _ = scripted_client(lambda _: reply(503, Retry_After="30"), timeouts=Timeouts(total=10))
    started = now()
    error = await failure(client)
    assert type(error) is ServerError
    assert "no time left" in (error.gave_up or "")
    assert now() - started < 0.1


@virtual_time
async def test_queueing_for_the_first_permit_is_not_in_the_total() -> None:
    client, _ = scripted_client(rate_limit=RateLimit(10, 1), timeouts=Timeouts(total=1))
    payments = await asyncio.gather(*[client.payments.find(UID) for _ in range(500)])
    assert len(payments) == 500


@virtual_time
async def test_retry_goes_before_new_calls() -> None:
    client, transport = scripted_client(
        lambda n: reply(503) if n in (5, 50, 500) else PAID,
        rate_limit=RateLimit(10, 1),
        timeouts=Timeouts(total=20),
    )
    payments = await asyncio.gather(*[client.payments.find(UID) for _ in range(1000)])
    assert len(payments) == 1000
    assert len(transport.times()) == 1003


@virtual_time
async def test_retry_goes_first_after_an_attempt_without_a_wait() -> None:
    client, _ = scripted_client(
        lambda n: reply(503) if n == 2 else PAID, rate_limit=RateLimit(10, 1), retry=AT_ONCE
    )
    await client.payments.find(UID)
    await asyncio.sleep(1)
    started = now()
    failing = asyncio.create_task(client.payments.find(UID))
    others = [asyncio.create_task(client.payments.find(UID)) for _ in range(100)]
    await failing
    assert now() - started < 1
    await asyncio.gather(*others)


@virtual_time
async def test_call_without_timeouts_is_not_bounded() -> None:
    client, _ = scripted_client(
        lambda _: (7200, PAID), timeouts=Timeouts(None, None, None), rate_limit=None
    )
    started = now()
    await client.payments.find(UID)
    assert now() - started == pytest.approx(7200, abs=1)


@virtual_time
async def test_empty_budget_stops_retries() -> None:
    client, transport = scripted_client(
        lambda _: reply(503), retry=RetryPolicy(attempts=4, backoff_initial=0, budget=50)
    )
    errors = [await failure(client) for _ in range(20)]
    assert len(transport.times()) == 20 + 50 // 5
    assert "budget is empty" in str(errors[-1])
    view = client.with_options(retry=RetryPolicy(budget=10**6, backoff_initial=0))
    assert "budget is empty" in str(await failure(view))


@virtual_time
async def test_retry_after_a_timeout_costs_twice_as_much() -> None:
    client, transport = scripted_client(
        lambda _: HANG,
        retry=RetryPolicy(attempts=100, backoff_initial=0, budget=50),
        timeouts=Timeouts(total=None, attempt=1),
    )
    await failure(client)
    assert len(transport.times()) == 1 + 50 // 10


@virtual_time
async def test_success_after_a_retry_refunds_its_cost() -> None:
    client, _ = scripted_client(
        lambda n: reply(503) if n % 2 else PAID, retry=RetryPolicy(backoff_initial=0, budget=5)
    )
    for _ in range(20):
        await client.payments.find(UID)


@virtual_time
async def test_budget_of_none_is_unlimited() -> None:
    client, transport = scripted_client(
        lambda _: reply(503),
        retry=RetryPolicy(attempts=300, backoff_initial=0, budget=None),
        timeouts=Timeouts(None),
        rate_limit=None,
    )
    await failure(client)
    assert len(transport.times()) == 300


@given(
    st.integers(0, 200), st.lists(st.tuples(st.sampled_from(["pay", "earn"]), st.integers(0, 30)))
)
def test_budget_stays_between_zero_and_its_capacity(
    capacity: int, steps: list[tuple[str, int]]
) -> None:
    budget, left = RetryBudget(capacity), capacity
    for step, amount in steps:
        if step == "pay":
            assert budget.withdraw(amount) is (amount <= left)
            left -= amount if amount <= left else 0
        else:
            budget.deposit(amount)
            left = min(capacity, left + amount)
    assert budget.withdraw(left)
    assert not budget.withdraw(1)


OUTCOMES = [
    PAID,
    reply(503),
    reply(404, body(NOT_FOUND)),
    reply(401, body(UNAUTHORIZED)),
    UNSENT,
    reply(200),
    reply(429),
]


@given(st.lists(st.sampled_from(OUTCOMES), min_size=1, max_size=12), st.integers(1, 6))
@virtual_time
async def test_sends_of_any_script_of_replies_are_as_expected(
    script: list[Any], attempts: int
) -> None:
    client, transport = scripted_client(
        series(*script, PAID), retry=RetryPolicy(attempts=attempts, backoff_initial=0)
    )
    renewed, sends, expected = False, 0, None
    for outcome in [*script, PAID]:
        sends += 1
        is_401 = outcome is OUTCOMES[3]
        if is_401 and not renewed:
            renewed = True
            continue
        if outcome in (PAID, OUTCOMES[2]) or is_401 or sends >= attempts:
            expected = outcome
            break
    try:
        await client.payments.find(UID)
    except PortOneError as error:
        assert expected is not PAID
        assert error.status == (expected.status if expected else None)
        assert [attempt.number for attempt in error.attempts] == list(range(1, sends + 1))
    else:
        assert expected is PAID
    assert len(transport.times()) == sends


@virtual_time
async def test_on_attempt_receives_the_outcome_of_each_attempt() -> None:
    seen: list[Attempt] = []
    client, _ = scripted_client(
        series((0.5, reply(503)), reply(200), reply(401, body(UNAUTHORIZED)), PAID),
        on_attempt=seen.append,
    )
    await client.payments.find(UID)
    token, *finds = seen
    assert (token.method, token.route, token.status) == ("POST", "/users/getToken", 200)
    assert [
        (attempt.number, attempt.status, attempt.code, attempt.error)
        for attempt in finds
        if attempt.route != "/users/getToken"
    ] == [
        (1, 503, None, "ServerError"),
        (2, 200, None, "MalformedResponseError"),
        (3, 401, -1, "UnauthorizedError"),
        (4, 200, None, None),
    ]
    assert finds[2].wait == 0.0  # Only the new token is waited for.
    assert finds[0].route == "/payments/find/{merchant_uid}"
    assert finds[0].elapsed == pytest.approx(0.5, abs=0.01)
    assert [attempt.wait is None for attempt in finds if attempt.route != "/users/getToken"] == [
        False,
        False,
        False,
        True,
    ]


@virtual_time
async def test_on_attempt_that_raises_is_logged_and_ignored(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(_: Attempt) -> None:
        raise RuntimeError("metrics are down")

    client, _ = scripted_client(series(reply(503), PAID), on_attempt=broken)
    assert (await client.payments.find(UID)).is_paid
    assert "an observer raised" in caplog.text


@virtual_time
async def test_log_has_a_line_per_attempt_and_a_warning_per_retry(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "portone_async")
    client, _ = scripted_client(series(reply(503), PAID))
    await client.payments.find(UID)
    lines = [
        (record.levelname, record.getMessage())
        for record in caplog.records
        if record.name == "portone_async"
    ]
    assert [level for level, _ in lines] == ["DEBUG", "DEBUG", "WARNING", "DEBUG"]
    assert [line for level, line in lines if level == "DEBUG"] == [
        "POST /users/getToken attempt 1: 200 in 0.000 s",
        "GET /payments/find/{merchant_uid} attempt 1: ServerError in 0.000 s",
        "GET /payments/find/{merchant_uid} attempt 2: 200 in 0.000 s",
    ]
    assert lines[2][1].startswith(
        "GET /payments/find/{merchant_uid} attempt 1 failed (ServerError), next in "
    )
    assert UID not in caplog.text


@virtual_time
async def test_second_401_ends_the_call() -> None:
    client, transport = scripted_client(lambda _: reply(401, body(UNAUTHORIZED)))
    error = await failure(client)
    assert type(error) is UnauthorizedError
    assert len(transport.times()) == 2
    assert len(transport.tokens) == 2


@virtual_time
async def test_401_of_a_call_without_a_token_ends_it() -> None:
    client, transport = scripted_client(lambda _: reply(401, body(UNAUTHORIZED)))
    with pytest.raises(UnauthorizedError):
        await client.call(Call("GET", "/status", Payment, authenticated=False))
    assert len(transport.sent) == 1


@virtual_time
async def test_html_is_a_malformed_response() -> None:
    client, _ = scripted_client(lambda _: reply(200, b"<html>maintenance"), retry=AT_ONCE)
    error = await failure(client)
    assert type(error) is MalformedResponseError
    assert error.excerpt == "<html>maintenance"


@virtual_time
async def test_refused_token_is_renewed_without_a_wait() -> None:
    client, transport = scripted_client(
        series(reply(401, body(UNAUTHORIZED)), PAID),
        retry=RetryPolicy(backoff_initial=1000, backoff_max=1000),
    )
    await client.payments.find(UID)
    first, second = transport.times()
    assert second - first < 0.5


@virtual_time
async def test_token_renewal_is_allowed_with_one_attempt() -> None:
    client, _ = scripted_client(
        series(reply(401, body(UNAUTHORIZED)), PAID), retry=RetryPolicy(attempts=1, budget=0)
    )
    assert (await client.payments.find(UID)).is_paid


@virtual_time
async def test_failed_token_fetch_is_not_retried_by_the_call() -> None:
    client, transport = scripted_client(token=lambda _: reply(503), retry=AT_ONCE)
    error = await failure(client)
    assert type(error) is ServerError
    assert error.endpoint == "POST /users/getToken"
    assert len(transport.tokens) == 4
    assert not transport.times()


@virtual_time
async def test_failed_renewal_ends_the_call_with_its_own_error() -> None:
    late = RequestTimeoutError("no answer in time")
    client, transport = scripted_client(
        lambda _: reply(401, body(UNAUTHORIZED)), series(token_reply(), late), retry=AT_ONCE
    )
    error = await failure(client)
    assert type(error) is RequestTimeoutError
    assert error.endpoint == "POST /users/getToken"
    assert len(transport.times()) == 1


@virtual_time
async def test_retry_in_the_queue_ends_with_the_total() -> None:
    client, transport = scripted_client(
        lambda _: reply(503),
        rate_limit=RateLimit(0.1, 2),
        retry=AT_ONCE,
        timeouts=Timeouts(total=5),
    )
    began = now()
    error = await failure(client)
    assert type(error) is DeadlineExceededError
    assert now() - began == pytest.approx(5, abs=0.05)
    assert len(error.attempts) == len(transport.times()) == 1


@virtual_time
async def test_error_of_a_custom_throttle_is_raised() -> None:
    throttle = RefusingThrottle(left=1)
    client, transport = scripted_client(rate_limit=throttle, max_in_flight=1)
    for _ in range(3):
        with pytest.raises(TimeoutError, match="no permit is available"):
            await client.payments.find(UID)
    assert not transport.times()
    throttle.left = 1
    await client.payments.find(UID)


class FailingPause(Unthrottled):
    """A throttle that cannot pause, as if its store were out of reach."""

    def __init__(self, seconds: float) -> None:
        super().__init__()
        self._seconds = seconds

    async def pause(self, seconds: float) -> None:
        await asyncio.sleep(self._seconds)
        raise ConnectionError("the store is out of reach")


@pytest.mark.parametrize("seconds", [0, 10**6], ids=["raises", "hangs"])
@virtual_time
async def test_failing_pause_is_logged_and_delays_no_retry(
    seconds: float, caplog: pytest.LogCaptureFixture
) -> None:
    client, transport = scripted_client(
        series(reply(503, Retry_After="5"), PAID),
        rate_limit=FailingPause(seconds),
        retry=AT_ONCE,
        timeouts=Timeouts(None, None),
    )
    assert (await client.payments.find(UID)).is_paid
    first, second = transport.times()
    assert second - first == pytest.approx(5, abs=0.1)
    assert "a throttle could not pause" in caplog.messages


@pytest.mark.parametrize("seconds", [0, 10**6], ids=["raises", "hangs"])
@pytest.mark.parametrize("is_view", [False, True])
@virtual_time
async def test_error_of_the_call_survives_a_failing_pause(seconds: float, is_view: bool) -> None:
    client, _ = scripted_client(
        lambda _: (1, reply(429, Retry_After="40")),
        rate_limit=FailingPause(seconds),
        timeouts=Timeouts(total=10),
    )
    view = client.with_options(rate_limit=None) if is_view else client
    started = now()
    error = await failure(view)
    assert type(error) is RateLimitedError
    assert now() - started == pytest.approx(10 if seconds else 1, abs=0.1)
    assert error.attempts[-1].elapsed == pytest.approx(1, abs=0.1)


@virtual_time
async def test_close_interrupts_a_hanging_pause(caplog: pytest.LogCaptureFixture) -> None:
    client, transport = scripted_client(
        lambda _: reply(429, Retry_After="3600"), rate_limit=FailingPause(10**6)
    )
    call = asyncio.create_task(failure(client))
    await asyncio.sleep(1)
    transport.open = partial(_closed, transport)  # type: ignore[method-assign]
    started = now()
    await client.close()
    assert type(await call) is RateLimitedError
    assert now() - started < 0.1
    assert "a throttle could not pause" not in caplog.messages


@virtual_time
async def test_total_includes_the_token_fetch_but_not_its_queue() -> None:
    client, transport = scripted_client(
        lambda _: HANG,
        lambda _: (4, token_reply()),
        timeouts=Timeouts(total=10),
        retry=AT_ONCE,
    )
    started = now()
    error = await failure(client)
    assert type(error) is DeadlineExceededError
    assert now() - started == pytest.approx(10, abs=0.1)
    assert transport.times()[0] - started == pytest.approx(4, abs=0.1)


@virtual_time
async def test_queueing_leaves_the_total_untouched() -> None:
    client, _ = scripted_client(
        series(PAID, (5, PAID), HANG),
        timeouts=Timeouts(total=10),
        retry=RetryPolicy(attempts=1),
        max_in_flight=1,
    )
    await client.payments.find(UID)
    before = asyncio.create_task(client.payments.find(UID))
    await asyncio.sleep(0)
    started = now()
    await failure(client)
    assert now() - started == pytest.approx(5 + 10, abs=0.1)
    await before


@virtual_time
async def test_second_token_fetch_has_only_the_rest_of_the_total() -> None:
    client, _ = scripted_client(
        lambda _: (1, reply(401, body(UNAUTHORIZED))),
        series((4, token_reply()), HANG),
        timeouts=Timeouts(total=10),
        retry=RetryPolicy(attempts=1),
        max_in_flight=1,
    )
    refused = asyncio.create_task(failure(client))
    await asyncio.sleep(0)
    started = now()
    # It waits 4 s for the token that the one before it has refused, and 6 s for the next.
    error = await failure(client)
    assert type(error) is DeadlineExceededError
    assert now() - started == pytest.approx(4 + 1 + 6, abs=0.1)
    await refused


@pytest.mark.parametrize("rate_limit", [RateLimit(0.01, 1), None])
@virtual_time
async def test_calls_waiting_for_a_permit_hold_one_slot(rate_limit: RateLimit | None) -> None:
    client, _ = scripted_client(max_in_flight=2)
    await client.payments.find(UID)
    paused = client.with_options(rate_limit=rate_limit)
    await paused._options.throttle.pause(1000)
    queued = [asyncio.create_task(paused.payments.find(UID)) for _ in range(5)]
    await asyncio.sleep(1)
    started = now()
    await client.payments.find(UID)
    assert now() - started < 1
    for task in queued:
        task.cancel()
    await asyncio.wait(queued)


@virtual_time
async def test_slow_throttle_of_a_view_does_not_delay_the_others() -> None:
    client, _ = scripted_client(max_in_flight=4)
    await client.payments.find(UID)
    slow = client.with_options(rate_limit=RateLimit(0.01, 1))
    await slow._options.throttle.pause(1000)
    queued = [asyncio.create_task(slow.payments.find(UID)) for _ in range(20)]
    await asyncio.sleep(1)
    started = now()
    await asyncio.gather(*[client.payments.find(UID) for _ in range(20)])
    assert now() - started < 1
    for task in queued:
        task.cancel()
    await asyncio.wait(queued)


@pytest.mark.parametrize("rate_limit", [RateLimit(0.01, 1), None])
@virtual_time
async def test_close_ends_calls_in_queues_and_between_attempts(
    rate_limit: RateLimit | None,
) -> None:
    client, transport = scripted_client(
        series(PAID, reply(429, Retry_After="50"), PAID),
        rate_limit=rate_limit,
        max_in_flight=2,
        timeouts=Timeouts(total=None),
    )
    await client.payments.find(UID)
    calls = [asyncio.create_task(client.payments.find(UID)) for _ in range(20)]
    await asyncio.sleep(250)
    calls += [asyncio.create_task(client.payments.find(UID)) for _ in range(5)]
    transport.open = partial(_closed, transport)  # type: ignore[method-assign]
    sent = len(transport.sent)
    started = now()
    await client.close()
    results = await asyncio.gather(*calls, return_exceptions=True)
    assert now() - started < 0.1
    assert {type(result) for result in results} <= {ClientClosedError, Payment}
    for error in results:
        if isinstance(error, ClientClosedError):
            assert len(error.attempts) <= 1
    assert len(transport.sent) == sent
    assert asyncio.all_tasks() == {asyncio.current_task()}


@virtual_time
async def test_close_ends_calls_that_wait_for_a_slot() -> None:
    client, transport = scripted_client(
        series(PAID, (100, PAID)), max_in_flight=1, timeouts=Timeouts(None, None)
    )
    await client.payments.find(UID)
    holder = asyncio.create_task(client.payments.find(UID))
    await asyncio.sleep(1)
    queued = [asyncio.create_task(failure(client)) for _ in range(5)]
    await asyncio.sleep(1)
    transport.open = partial(_closed, transport)  # type: ignore[method-assign]
    started = now()
    await client.close()
    assert {type(result) for result in await asyncio.gather(*queued)} == {ClientClosedError}
    assert now() - started < 0.1
    assert (await holder).is_paid


def _closed(transport: ScriptedTransport, _: asyncio.AbstractEventLoop) -> None:
    if transport.is_closed:
        raise ClientClosedError("this client is closed")


async def _never_awaited(_: Attempt) -> None: ...


def test_coroutine_function_is_rejected_as_on_attempt() -> None:
    with pytest.raises(InvalidRequestError, match="on_attempt"):
        PortOneClient("k", "s", on_attempt=_never_awaited)
