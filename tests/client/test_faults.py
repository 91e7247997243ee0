"""Seven server faults: each ends with the right result or error within the total deadline."""

from __future__ import annotations

import asyncio

import pytest

from portone_async import (
    DeadlineExceededError,
    RateLimitedError,
    RequestTimeoutError,
    RetryPolicy,
    Timeouts,
)
from portone_async.testing import (
    CutBody,
    ExpiredToken,
    FakePortOne,
    Fault,
    Hang,
    HtmlPage,
    Reset,
    Status,
    TooManyRequests,
)
from tests.support.stopwatch import timed
from tests.support.ways import both_ways

pytestmark = both_ways

QUICK = RetryPolicy(backoff_initial=0.01)
ATTEMPT = 1.0  # A request that is answered takes less, even on a busy machine.
TIMEOUTS = Timeouts(total=60.0, attempt=ATTEMPT)


@pytest.mark.parametrize(
    ("fault", "seconds"),
    [
        (CutBody(), 0.0),
        (Reset(), 0.0),
        (Status(503), 0.0),
        (TooManyRequests(retry_after="1"), 1.0),
        (HtmlPage(), 0.0),
        (Hang(), ATTEMPT),
        (ExpiredToken(), 0.0),
    ],
    ids=lambda value: type(value).__name__,
)
async def test_one_fault_costs_one_more_attempt(
    server: FakePortOne, fault: Fault, seconds: float
) -> None:
    added = server.add(merchant_uid="order-1")
    async with server.client(retry=QUICK, timeouts=TIMEOUTS) as client:
        server.fail(fault)
        payment, took = await timed(client.payments.find("order-1"))

    assert payment == added
    assert server.count("/payments") == 2
    assert seconds <= took.seconds
    # The fake has a dedicated thread, whose delays are not taken off.
    assert took.net < seconds + 5


async def test_retry_after_of_an_hour_fails_at_once(server: FakePortOne) -> None:
    server.add(merchant_uid="order-1")
    async with server.client(retry=QUICK, timeouts=TIMEOUTS) as client:
        server.fail(TooManyRequests(retry_after="3600"))
        error, took = await timed(client.payments.find("order-1"))

    assert type(error) is RateLimitedError
    assert error.retry_after == 3600
    assert server.count("/payments") == 1
    assert took.net < 5


@pytest.mark.parametrize(
    "fault",
    [CutBody(), Reset(), Status(503), TooManyRequests(retry_after="1"), HtmlPage(), Hang()],
    ids=lambda value: type(value).__name__,
)
async def test_permanent_fault_is_a_transient_error_within_the_total(
    server: FakePortOne, fault: Fault
) -> None:
    server.add(merchant_uid="order-1")
    patient = RetryPolicy(attempts=10**6, backoff_initial=0.01, backoff_max=0.05, budget=None)
    async with server.client(retry=patient) as client:
        await client.payments.find("order-1")
        server.fail(fault, times=None)
        hasty = client.with_options(timeouts=Timeouts(total=0.5, attempt=0.2))
        error, took = await timed(hasty.payments.find("order-1"))
        server.clear_faults()
        server.clear_requests()

        assert error.is_transient
        assert took.net < 0.55
        fresh = client.with_options(rate_limit=None)
        assert (await fresh.payments.find("order-1")).is_paid  # The next call works.
    assert len(error.attempts) >= 1


async def test_silent_server_times_out(server: FakePortOne) -> None:
    server.add(merchant_uid="order-1")
    async with server.client(retry=QUICK) as client:
        await client.payments.find("order-1")
        server.fail(Hang(), times=None)
        bounded = client.with_options(timeouts=Timeouts(total=0.5, attempt=None))
        error, took = await timed(bounded.payments.find("order-1"))
        assert type(error) is DeadlineExceededError
        assert took.seconds >= 0.5
        assert took.net < 0.55

        once = client.with_options(
            retry=RetryPolicy(attempts=1), timeouts=Timeouts(total=5, attempt=0.1)
        )
        error, took = await timed(once.payments.find("order-1"))
        assert type(error) is RequestTimeoutError
        assert took.seconds >= 0.1
        assert took.net < 0.15


async def test_missing_token_times_out_within_the_total(
    server: FakePortOne,
) -> None:
    server.fail(Hang(), times=None, on="/users/getToken")
    async with server.client(retry=QUICK, timeouts=Timeouts(total=0.4, attempt=0.3)) as client:
        (first, took), (second, _) = await asyncio.gather(
            timed(client.payments.find("order-1")), timed(client.payments.find("order-2"))
        )

    for error in (first, second):
        assert isinstance(error, DeadlineExceededError | RequestTimeoutError)
    assert took.net < 0.45
    assert not server.count("/payments")


async def test_mixed_faults_under_load_give_no_wrong_result(server: FakePortOne) -> None:
    faults: list[Fault] = [Status(503), Reset(), CutBody(), HtmlPage(), Status(502), Hang()]
    faults = faults * 6 + [ExpiredToken()]
    added = {
        server.add(merchant_uid=f"order-{n}", amount=1000 + n).merchant_uid: n for n in range(150)
    }
    server.fail(*faults)
    async with server.client(
        rate_limit=None,
        retry=RetryPolicy(attempts=10, backoff_initial=0.01),
        timeouts=Timeouts(attempt=ATTEMPT),
    ) as client:
        payments = await asyncio.gather(*[client.payments.find(uid) for uid in added])

    assert {each.merchant_uid: each.amount - 1000 for each in payments} == added
