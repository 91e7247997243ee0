"""Observers are notified of the start and the end of calls and attempts, and break nothing."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from portone_async import (
    Attempt,
    InvalidRequestError,
    PortOneClient,
    RateLimit,
    RateLimitedError,
    RetryPolicy,
    ServerError,
)
from portone_async.instrumentation import CallInfo, CallObserver, Observer
from portone_async.testing import FakePortOne
from tests.support.forced_way import Way
from tests.support.scripted import PAID, UID, reply, scripted_client, series, token_reply
from tests.support.virtual_time import virtual_time

FIND = "GET /payments/find/{merchant_uid}"
TOKEN = "POST /users/getToken"


class Recorded:
    """The events of one call, in a list that all calls share."""

    def __init__(self, name: str, events: list[tuple[Any, ...]]) -> None:
        self._name = name
        self._events = events

    def attempt_started(self, number: int) -> None:
        self._events.append((self._name, "attempt started", number))

    def attempt_ended(self, attempt: Attempt) -> None:
        self._events.append((self._name, "attempt ended", attempt.number, attempt.status))

    def call_ended(self, error: BaseException | None) -> None:
        self._events.append((self._name, "call ended", type(error)))


class Recorder:
    def __init__(self) -> None:
        self.events: list[tuple[Any, ...]] = []

    def call_started(self, call: CallInfo) -> CallObserver | None:
        name = f"{call.method} {call.route}"
        self.events.append((name, "call started"))
        return Recorded(name, self.events)

    def of(self, name: str) -> list[tuple[Any, ...]]:
        return [event[1:] for event in self.events if event[0] == name]


class Broken:
    """Raises in one of its methods."""

    def __init__(self, event: str) -> None:
        self._event = event

    def call_started(self, call: CallInfo) -> CallObserver | None:
        self._raise("call_started")
        return self

    def attempt_started(self, number: int) -> None:
        self._raise("attempt_started")

    def attempt_ended(self, attempt: Attempt) -> None:
        self._raise("attempt_ended")

    def trace_headers(self) -> dict[str, str]:
        self._raise("trace_headers")
        return {}

    def call_ended(self, error: BaseException | None) -> None:
        self._raise("call_ended")

    def _raise(self, event: str) -> None:
        if event == self._event:
            raise RuntimeError("tracing is down")


@virtual_time
async def test_events_come_in_order_and_include_the_token_fetch() -> None:
    recorder = Recorder()
    client, _ = scripted_client(series(reply(503), PAID), observers=(recorder,))
    await client.payments.find(UID)

    assert recorder.of(TOKEN) == [
        ("call started",),
        ("attempt started", 1),
        ("attempt ended", 1, 200),
        ("call ended", type(None)),
    ]
    assert recorder.of(FIND) == [
        ("call started",),
        ("attempt started", 1),
        ("attempt ended", 1, 503),
        ("attempt started", 2),
        ("attempt ended", 2, 200),
        ("call ended", type(None)),
    ]


@virtual_time
async def test_failed_call_ends_with_its_error() -> None:
    recorder = Recorder()
    client, _ = scripted_client(
        lambda _: reply(503), observers=(recorder,), retry=RetryPolicy(attempts=1)
    )
    with pytest.raises(ServerError):
        await client.payments.find(UID)

    assert recorder.of(FIND)[-2:] == [("attempt ended", 1, 503), ("call ended", ServerError)]


@virtual_time
async def test_cancelled_call_ends_with_the_cancellation() -> None:
    recorder = Recorder()
    client, _ = scripted_client(lambda _: (5.0, PAID), observers=(recorder,))
    task = asyncio.create_task(client.payments.find(UID))
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.wait({task})

    assert recorder.of(FIND) == [
        ("call started",),
        ("attempt started", 1),
        ("call ended", asyncio.CancelledError),
    ]


@pytest.mark.parametrize(
    "event", ["call_started", "attempt_started", "trace_headers", "attempt_ended", "call_ended"]
)
@virtual_time
async def test_observer_that_raises_is_logged_and_ignored(
    event: str, caplog: pytest.LogCaptureFixture
) -> None:
    recorder = Recorder()
    client, _ = scripted_client(series(reply(503), PAID), observers=(Broken(event), recorder))
    assert (await client.payments.find(UID)).is_paid
    assert recorder.of(FIND)[-1] == ("call ended", type(None))
    assert "an observer raised" in caplog.text
    assert "tracing is down" in caplog.text
    names = {vars(record).get("portone_observer") for record in caplog.records}
    assert f"Broken.{event}" in names


@virtual_time
async def test_observer_may_ignore_a_call() -> None:
    class Ignoring:
        def call_started(self, call: CallInfo) -> None: ...

    client, _ = scripted_client(observers=(Ignoring(),))
    assert (await client.payments.find(UID)).is_paid


@virtual_time
async def test_view_adds_its_observers_to_those_of_the_client() -> None:
    first, second = Recorder(), Recorder()
    attempts: list[Attempt] = []
    client, _ = scripted_client(
        lambda _: reply(429),
        observers=(first,),
        on_attempt=attempts.append,
        retry=RetryPolicy(attempts=1),
    )
    with pytest.raises(RateLimitedError):
        await client.with_options(observers=(second,)).payments.find(UID)
    assert first.of(FIND) == second.of(FIND)
    assert [attempt.status for attempt in attempts] == [200, 429]

    with pytest.raises(RateLimitedError):
        await client.payments.find(UID)
    assert len(first.of(FIND)) == 2 * len(second.of(FIND))


@virtual_time
async def test_call_info_holds_no_value_of_the_call() -> None:
    infos: list[CallInfo] = []

    class Recording:
        def call_started(self, call: CallInfo) -> None:
            infos.append(call)

    client, _ = scripted_client(observers=(Recording(),))
    await client.payments.find(UID)

    assert [(info.method, info.route) for info in infos] == [
        ("GET", "/payments/find/{merchant_uid}"),
        ("POST", "/users/getToken"),
    ]
    assert {info.__struct_fields__ for info in infos} == {("method", "route", "host", "port")}
    assert {(info.host, info.port) for info in infos} == {("api.iamport.kr", 443)}


@pytest.mark.parametrize("observers", [None, [], Recorder(), (5,), (Recorder,), (print,)])
def test_observers_must_be_a_tuple_of_observers(observers: Any) -> None:
    with pytest.raises(InvalidRequestError, match="observers"):
        PortOneClient("k", "s", observers=observers)
    with pytest.raises(InvalidRequestError, match="observers"):
        PortOneClient("k", "s").with_options(observers=observers)


@virtual_time
async def test_attempts_contain_waits_pauses_and_the_rest_of_the_budget() -> None:
    attempts: list[Attempt] = []
    client, _ = scripted_client(
        series(reply(429, Retry_After="7"), PAID),
        token=lambda _: (2.5, token_reply()),
        on_attempt=attempts.append,
        retry=RetryPolicy(backoff_initial=0, budget=100),
        rate_limit=RateLimit(1, burst=1),
    )
    await asyncio.gather(client.payments.find(UID), client.payments.find(UID))

    # The second call waits for the end of the pause, and the first one for another second.
    waits = [(attempt.waited_for_token, attempt.waited) for attempt in attempts]
    assert [pytest.approx(wait, abs=0.01) for wait in waits] == [(0, 0), (2.5, 0), (2.5, 7), (0, 1)]
    assert [attempt.paused for attempt in attempts] == [None, 7, None, None]
    # A retry costs 5; a success returns 1, or what its own retry had cost.
    assert [attempt.budget for attempt in attempts] == [100, 95, 96, 100]


class Traced(Recorded):
    """Adds headers to each attempt."""

    def __init__(self, headers: dict[str, str]) -> None:
        super().__init__("", [])
        self._headers = headers

    def trace_headers(self) -> dict[str, str]:
        return self._headers

    def call_started(self, call: CallInfo) -> CallObserver:
        return self


PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def both(name: str, value: str) -> dict[str, str]:
    return {"traceparent": PARENT, name: value}


@pytest.mark.parametrize(
    ("headers", "sent"),
    [
        (both("tracestate", "a=1,b=2"), both("tracestate", "a=1,b=2")),
        # The header of another request could be as long as its sender likes.
        (both("tracestate", "a" * 513), {"traceparent": PARENT}),
        (both("tracestate", "a\r\nTier: x"), {}),
        (both("tracestate", "가"), {}),
        (both("tracestate", ""), {}),
        (both("baggage", "a=1"), {}),
        (both("Authorization", "Bearer other"), {}),
    ],
    ids=lambda value: "" if "tracestate" in value else "x",
)
async def test_only_a_valid_trace_context_is_sent(
    server: FakePortOne, way: Way, headers: dict[str, str], sent: dict[str, str]
) -> None:
    server.add(merchant_uid=UID)
    async with server.client(observers=(Traced(headers),)) as client:
        await client.payments.find(UID)

    for request in server.requests:
        names = {name.lower() for name in request.headers}
        assert {name: request.headers[name] for name in sent} == sent
        assert ({"traceparent", "tracestate", "baggage", "tier"} & names) == set(sent)


def test_recorder_fulfils_the_protocol() -> None:
    assert isinstance(Recorder(), Observer)
