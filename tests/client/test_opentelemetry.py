"""Spans and metrics of calls: by the conventions for HTTP, and without any value of a call."""

from __future__ import annotations

import asyncio
import contextvars
import subprocess
import sys
from collections.abc import Iterator
from types import NoneType
from typing import Any

import pytest
from opentelemetry import baggage, context
from opentelemetry.sdk.metrics.export import Histogram
from opentelemetry.sdk.trace import ReadableSpan, Span
from opentelemetry.trace import SpanKind, StatusCode, get_current_span
from yarl import URL

from portone_async import (
    AuthenticationError,
    Call,
    DeadlineExceededError,
    PaymentNotFoundError,
    PortOneError,
    RateLimit,
    RetryPolicy,
    ServerError,
    Timeouts,
    blocking,
)
from portone_async.instrumentation.opentelemetry import OpenTelemetryObserver
from portone_async.instrumentation.opentelemetry._attributes import is_template
from portone_async.operations import OPERATIONS
from portone_async.testing import FakePortOne, HtmlPage, Status, TooManyRequests
from tests.conftest import AT_ONCE
from tests.support.canaries import BUYER, assert_clean, canary_server
from tests.support.forced_way import Way
from tests.support.scripted import PAID, UID, reply, scripted_client, series, token_reply
from tests.support.telemetry import Telemetry, ids, parent_of
from tests.support.virtual_time import virtual_time

FIND = "GET /payments/find/{merchant_uid}"
TOKEN = "POST /users/getToken"
ATTEMPT = "PortOne attempt"
OPERATION = {
    "http.request.method": "GET",
    "url.template": "/payments/find/{merchant_uid}",
}
SERVER = {"server.address": "api.iamport.kr", "server.port": 443}


@pytest.fixture
def telemetry() -> Telemetry:
    return Telemetry()


@pytest.fixture(autouse=True)
def _context_is_restored() -> Iterator[None]:
    yield
    assert not get_current_span().get_span_context().is_valid


def call_span(telemetry: Telemetry, name: str = FIND) -> ReadableSpan:
    (span,) = telemetry.named(name)
    return span


def attempts_of(telemetry: Telemetry, call: ReadableSpan) -> list[ReadableSpan]:
    return [span for span in telemetry.named(ATTEMPT) if parent_of(span) == ids(call)]


def attributes(span: ReadableSpan) -> dict[str, Any]:
    """Return the attributes except the waits, which are measured."""
    return {name: value for name, value in _all(span).items() if not name.endswith(".wait")}


def waits(span: ReadableSpan) -> dict[str, int]:
    """Return the waits, in whole seconds."""
    return {name: round(value) for name, value in _all(span).items() if name.endswith(".wait")}


def _all(span: ReadableSpan) -> dict[str, Any]:
    return dict(span.attributes or {})


# Spans


async def test_success_is_a_client_span_with_one_attempt(
    server: FakePortOne, telemetry: Telemetry
) -> None:
    server.add(merchant_uid=UID)
    async with server.client(observers=(telemetry.observer(),)) as client:
        with telemetry.tracer.start_as_current_span("request") as request:
            await client.payments.find(UID)
            assert get_current_span() is request

    span = call_span(telemetry)
    assert isinstance(request, Span)
    assert parent_of(span) == ids(request)
    assert span.kind is SpanKind.CLIENT
    assert span.status.status_code is StatusCode.UNSET
    assert attributes(span) == {
        **OPERATION,
        "server.address": "127.0.0.1",
        "server.port": URL(server.url).port,
        "http.response.status_code": 200,
    }
    (attempt,) = attempts_of(telemetry, span)
    assert attempt.kind is SpanKind.INTERNAL
    assert attributes(attempt) == {"http.response.status_code": 200}
    assert span.instrumentation_scope is not None
    assert span.instrumentation_scope.name == "portone_async"


@virtual_time
async def test_retry_is_another_attempt_of_the_same_span(telemetry: Telemetry) -> None:
    client, _ = scripted_client(series(reply(503), PAID), observers=(telemetry.observer(),))
    await client.payments.find(UID)

    span = call_span(telemetry)
    assert span.status.status_code is StatusCode.UNSET
    assert attributes(span)["http.response.status_code"] == 200
    assert attributes(span)["http.request.resend_count"] == 1
    failed, repeated = attempts_of(telemetry, span)
    assert failed.status.status_code is StatusCode.ERROR
    assert attributes(failed) == {"http.response.status_code": 503, "error.type": "ServerError"}
    assert repeated.status.status_code is StatusCode.UNSET
    assert attributes(repeated) == {
        "http.response.status_code": 200,
        "http.request.resend_count": 1,
    }


@virtual_time
async def test_pause_and_waits_are_attributes_of_attempts(telemetry: Telemetry) -> None:
    client, _ = scripted_client(
        series(reply(429, Retry_After="7"), PAID),
        token=lambda _: (2.0, token_reply()),
        observers=(telemetry.observer(),),
    )
    await client.payments.find(UID)

    failed, repeated = attempts_of(telemetry, call_span(telemetry))
    assert waits(failed) == {
        "portone.throttle.wait": 0,
        "portone.token.wait": 2,
        "portone.retry.wait": 7,
    }
    assert attributes(failed)["portone.pause"] == 7
    assert waits(repeated) == {"portone.throttle.wait": 0}


@virtual_time
async def test_error_is_named_but_not_described(telemetry: Telemetry) -> None:
    client, _ = scripted_client(
        lambda _: reply(503), observers=(telemetry.observer(),), retry=RetryPolicy(attempts=1)
    )
    with pytest.raises(ServerError):
        await client.payments.find(UID)

    for span in (call_span(telemetry), *attempts_of(telemetry, call_span(telemetry))):
        assert span.status.status_code is StatusCode.ERROR
        assert span.status.description is None
        assert attributes(span)["error.type"] == "ServerError"
        assert span.events == ()


async def test_failure_in_a_success_has_its_code(server: FakePortOne, telemetry: Telemetry) -> None:
    async with server.client(observers=(telemetry.observer(),)) as client:
        with pytest.raises(PaymentNotFoundError) as raised:
            await client.payments.find("order-2")

    span = call_span(telemetry)
    assert attributes(span)["error.type"] == "PaymentNotFoundError"
    assert attributes(span)["http.response.status_code"] == raised.value.status
    assert attributes(span)["portone.response.code"] == raised.value.code


@virtual_time
async def test_cancelled_call_ends_its_spans(telemetry: Telemetry) -> None:
    client, _ = scripted_client(lambda _: (5.0, PAID), observers=(telemetry.observer(),))
    task = asyncio.create_task(client.payments.find(UID))
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.wait({task})

    span = call_span(telemetry)
    (attempt,) = attempts_of(telemetry, span)
    assert attributes(span)["error.type"] == "CancelledError"
    assert attributes(attempt) == {"error.type": "CancelledError"}


@virtual_time
async def test_call_that_reaches_its_deadline_ends_with_that_error(telemetry: Telemetry) -> None:
    client, _ = scripted_client(
        lambda _: (50.0, PAID), observers=(telemetry.observer(),), timeouts=Timeouts(total=3)
    )
    with pytest.raises(DeadlineExceededError):
        await client.payments.find(UID)

    assert attributes(call_span(telemetry))["error.type"] == "DeadlineExceededError"


@virtual_time
async def test_token_fetch_is_a_child_of_the_call_that_starts_it(telemetry: Telemetry) -> None:
    client, _ = scripted_client(
        token=lambda _: (2.0, token_reply()), observers=(telemetry.observer(),)
    )

    async def request(name: str) -> None:
        with telemetry.tracer.start_as_current_span(name):
            await client.payments.find(UID)

    await asyncio.gather(*(request(f"request {number}") for number in range(3)))

    fetch = call_span(telemetry, TOKEN)
    first, *others = telemetry.named(FIND)
    assert parent_of(fetch) == ids(first)
    assert parent_of(first) == ids(call_span(telemetry, "request 0"))
    # The calls that wait for it as well: the wait is in their own traces.
    for call in others:
        (attempt,) = attempts_of(telemetry, call)
        assert waits(attempt)["portone.token.wait"] == 2


@virtual_time
async def test_fetch_that_no_call_waits_for_any_more_ends_its_spans(telemetry: Telemetry) -> None:
    client, _ = scripted_client(
        token=lambda _: (9.0, token_reply()), observers=(telemetry.observer(),)
    )
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1):
            await client.payments.find(UID)

    spans = [call_span(telemetry, name) for name in (TOKEN, FIND, ATTEMPT)]
    assert [attributes(span)["error.type"] for span in spans] == ["CancelledError"] * 3


@virtual_time
async def test_concurrent_calls_keep_their_own_parents(telemetry: Telemetry) -> None:
    client, _ = scripted_client(
        lambda number: (number % 7 / 10, reply(503) if number % 3 == 0 else PAID),
        observers=(telemetry.observer(),),
        rate_limit=RateLimit(50, 5),
        retry=RetryPolicy(attempts=9, budget=None),
    )

    async def request(number: int) -> None:
        with telemetry.tracer.start_as_current_span(f"request {number}"):
            await client.payments.find(UID)

    await asyncio.gather(*(request(number) for number in range(200)))

    requests = {ids(span) for span in telemetry.spans if span.name.startswith("request")}
    calls = telemetry.named(FIND)
    assert {parent_of(call) for call in calls} == requests
    assert len(calls) == 200
    for call in calls:
        resends = [
            attributes(a).get("http.request.resend_count", 0) for a in attempts_of(telemetry, call)
        ]
        assert resends == list(range(len(resends)))


def test_blocking_call_is_a_child_of_the_span_of_its_thread(telemetry: Telemetry) -> None:
    with FakePortOne() as server:
        server.add(merchant_uid=UID)
        keys = (server.imp_key, server.imp_secret)
        observers = (telemetry.observer(),)
        with (
            blocking.PortOneClient(*keys, base_url=server.url, observers=observers) as client,
            telemetry.tracer.start_as_current_span("view"),
        ):
            client.payments.find(UID)

    assert parent_of(call_span(telemetry)) == ids(call_span(telemetry, "view"))


@virtual_time
async def test_two_observers_restore_the_current_span(telemetry: Telemetry) -> None:
    other = Telemetry()
    client, _ = scripted_client(observers=(telemetry.observer(), other.observer()))
    await client.payments.find(UID)

    assert not get_current_span().get_span_context().is_valid
    assert len(telemetry.spans) == len(other.spans) == 4


@virtual_time
async def test_call_that_is_dropped_leaves_other_contexts_alone(
    telemetry: Telemetry, caplog: pytest.LogCaptureFixture
) -> None:
    client, _ = scripted_client(series(PAID, (5.0, PAID)), observers=(telemetry.observer(),))
    await client.payments.find(UID)
    dropped = client.payments.find(UID)
    contextvars.copy_context().run(dropped.send, None)
    with telemetry.tracer.start_as_current_span("other") as other:
        dropped.close()
        assert get_current_span() is other

    assert attributes(telemetry.named(FIND)[1])["error.type"] == "GeneratorExit"
    assert "detach" not in caplog.text


# Metrics


def points(telemetry: Telemetry, name: str) -> list[tuple[dict[str, Any], Any]]:
    """Return the points of a metric: attributes, and the value, or count and rounded sum."""
    return [
        (
            {key: value for key, value in labels.items() if key not in SERVER},
            value if isinstance(value, int) else (value[0], round(value[1])),
        )
        for labels, value in telemetry.points(name)
    ]


@virtual_time
async def test_metrics_of_calls_and_attempts(telemetry: Telemetry) -> None:
    client, _ = scripted_client(
        series((1.0, reply(429, Retry_After="7")), (2.0, PAID)),
        token=lambda _: (3.0, token_reply()),
        observers=(telemetry.observer(),),
        retry=RetryPolicy(budget=100),
    )
    await client.payments.find(UID)

    token = {"http.request.method": "POST", "url.template": "/users/getToken"}
    status = "http.response.status_code"
    assert points(telemetry, "http.client.request.duration") == [
        ({**token, status: 200}, (1, 3)),
        ({**OPERATION, status: 429, "error.type": "RateLimitedError"}, (1, 1)),
        ({**OPERATION, status: 200}, (1, 2)),
    ]
    assert points(telemetry, "portone.client.call.duration") == [
        (token, (1, 3)),
        (OPERATION, (1, 3 + 1 + 7 + 2)),
    ]
    assert points(telemetry, "portone.client.call.attempts") == [
        (token, (1, 1)),
        (OPERATION, (1, 2)),
    ]
    retries = [({**OPERATION, "error.type": "RateLimitedError"}, 1)]
    assert points(telemetry, "portone.client.retries") == retries
    assert points(telemetry, "portone.client.throttle.wait") == [({}, (3, 0))]
    assert points(telemetry, "portone.client.pause") == [({status: 429}, (1, 7))]
    assert points(telemetry, "portone.client.token.fetches") == [({}, 1)]
    assert points(telemetry, "portone.client.retry.budget") == [({}, 100)]
    assert {key for labels, _ in telemetry.points("portone.client.pause") for key in labels} == {
        *SERVER,
        status,
    }


@virtual_time
async def test_wait_for_the_throttle_is_measured(telemetry: Telemetry) -> None:
    client, _ = scripted_client(observers=(telemetry.observer(),), rate_limit=RateLimit(1, 1))
    await asyncio.gather(*(client.payments.find(UID) for _ in range(4)))

    # The token takes the first permit, and each call waits one second longer than the one before.
    assert points(telemetry, "portone.client.throttle.wait") == [({}, (5, 1 + 2 + 3 + 4))]


@virtual_time
async def test_failed_and_cancelled_calls_are_measured(telemetry: Telemetry) -> None:
    client, _ = scripted_client(
        series(reply(500), (9.0, PAID)),
        observers=(telemetry.observer(),),
        retry=RetryPolicy(attempts=1, budget=None),
    )
    with pytest.raises(ServerError):
        await client.payments.find(UID)
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(4):
            await client.payments.find(UID)

    durations = points(telemetry, "portone.client.call.duration")
    assert durations[1:] == [
        ({**OPERATION, "error.type": "ServerError"}, (1, 0)),
        ({**OPERATION, "error.type": "CancelledError"}, (1, 4)),
    ]
    requests = points(telemetry, "http.client.request.duration")
    assert requests[-1] == ({**OPERATION, "error.type": "CancelledError"}, (1, 4))
    assert "portone.client.retry.budget" not in telemetry.metrics()


@virtual_time
async def test_call_without_a_token_has_no_attempt(telemetry: Telemetry) -> None:
    client, _ = scripted_client(token=lambda _: reply(401), observers=(telemetry.observer(),))
    with pytest.raises(AuthenticationError):
        await client.payments.find(UID)

    span = call_span(telemetry)
    assert attempts_of(telemetry, span) == []
    assert attributes(span) == {**OPERATION, **SERVER, "error.type": "AuthenticationError"}
    assert points(telemetry, "portone.client.call.attempts")[-1] == (OPERATION, (1, 0))
    failure = {"error.type": "AuthenticationError"}
    assert points(telemetry, "portone.client.token.fetches") == [(failure, 1)]


@virtual_time
async def test_histograms_have_the_advised_boundaries(telemetry: Telemetry) -> None:
    client, _ = scripted_client(observers=(telemetry.observer(),))
    await client.payments.find(UID)

    for name, metric in telemetry.metrics().items():
        if isinstance(metric.data, Histogram):
            bounds = metric.data.data_points[0].explicit_bounds
            assert bounds[:2] == ((0, 1) if name.endswith("attempts") else (0.005, 0.01)), name


# Values


def test_every_route_of_portone_is_a_template() -> None:
    assert [operation for operation in OPERATIONS if not is_template(operation.route)] == []


@virtual_time
async def test_route_with_a_value_is_not_exported(telemetry: Telemetry) -> None:
    client, _ = scripted_client(observers=(telemetry.observer(),))
    await client.call(Call("GET", "/payments/imp_123456789012", NoneType))

    span = call_span(telemetry, "GET")
    assert "url.template" not in (span.attributes or {})
    assert not any("123456" in span.to_json() for span in telemetry.spans)


@pytest.mark.parametrize("propagate", [False, True])
async def test_no_secret_or_identifier_is_exported(telemetry: Telemetry, propagate: bool) -> None:
    with canary_server() as server:
        server.tier("canaryTier").payments.add(merchant_uid="canary-order-number", **BUYER)
        server.fail(HtmlPage(502), TooManyRequests(retry_after="0"), on="/payments")
        observer = telemetry.observer(propagate=propagate)
        async with server.client(observers=(observer,), retry=AT_ONCE, tier="canaryTier") as client:
            await client.payments.find("canary-order-number")
            with pytest.raises(PaymentNotFoundError):
                await client.payments.find("canary-order-missing")
            with pytest.raises(PortOneError):
                await client.payments.cancel(
                    "imp_canary", amount="all", reason="canary reason", key="canary"
                )
        exported = [span.to_json() for span in telemetry.spans]
        exported += [metric.to_json() for metric in telemetry.metrics().values()]
        token = server.requests[-1].headers["authorization"].removeprefix("Bearer ")

    assert len(telemetry.named(FIND)) == 2
    assert_clean(*exported, token=token)
    assert not any("canary" in text.lower() for text in exported)


# Propagation


async def test_trace_context_is_not_sent_by_default(
    server: FakePortOne, way: Way, telemetry: Telemetry
) -> None:
    server.add(merchant_uid=UID)
    async with server.client(observers=(telemetry.observer(),)) as client:
        await client.payments.find(UID)

    assert not any("traceparent" in request.headers for request in server.requests)


async def test_trace_context_of_each_attempt_is_sent_on_request(
    server: FakePortOne, way: Way, telemetry: Telemetry
) -> None:
    server.add(merchant_uid=UID)
    server.fail(Status(503), on="/payments")
    observer = telemetry.observer(propagate=True)
    async with server.client(observers=(observer,), retry=AT_ONCE) as client:
        token = context.attach(baggage.set_baggage("user", "canary"))
        await client.payments.find(UID)
        context.detach(token)

    attempts = [ids(span) for span in telemetry.named(ATTEMPT)]
    # The rest are flags.
    assert [request.headers["traceparent"][:52] for request in server.requests] == [
        f"00-{trace:032x}-{span:016x}" for trace, span in attempts
    ]
    assert not any("canary" in str(request.headers) for request in server.requests)


@virtual_time
async def test_nothing_is_sent_without_a_trace() -> None:
    client, transport = scripted_client(observers=(OpenTelemetryObserver(propagate=True),))
    await client.payments.find(UID)

    assert len(transport.sent) == 2


# Failures


class Broken:
    """A provider, a tracer and a span that raise; a meter and an instrument that raise as well."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        if name == self._name:
            raise RuntimeError("telemetry is down")
        return self._answer

    def _answer(self, *_: object, **__: object) -> Broken:
        return self


@pytest.mark.parametrize(
    "name",
    ["start_span", "set_attribute", "set_attributes", "set_status", "end", "record", "add"],
)
@virtual_time
async def test_provider_that_raises_breaks_no_call(
    name: str, caplog: pytest.LogCaptureFixture
) -> None:
    broken: Any = Broken(name)
    observer = OpenTelemetryObserver(broken, broken)
    client, _ = scripted_client(series(reply(503), PAID), observers=(observer,))
    assert (await client.payments.find(UID)).is_paid

    assert "an observer raised" in caplog.text
    assert not get_current_span().get_span_context().is_valid


def test_missing_extra_is_named() -> None:
    program = (
        "import sys; sys.modules['opentelemetry'] = None\n"
        "import portone_async.instrumentation\n"
        "try:\n    import portone_async.instrumentation.opentelemetry\n"
        "except ModuleNotFoundError as error: print(error)"
    )
    output = subprocess.check_output([sys.executable, "-c", program], text=True)

    assert output.strip().endswith("needs opentelemetry-api: pip install 'portone-async[otel]'")


def test_package_imports_opentelemetry_only_for_its_observer() -> None:
    program = (
        "import sys, portone_async.client, portone_async.instrumentation\n"
        "assert 'opentelemetry' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
