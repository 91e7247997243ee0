"""Types of the public API, checked by mypy and pyright and never executed."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any, assert_type

import msgspec

from portone_async import (
    Answer,
    Attempt,
    Call,
    Cancellation,
    Failed,
    Found,
    Missing,
    Payment,
    PaymentStatus,
    PortOneClient,
    PortOneError,
    RateLimit,
    ReplyInfo,
    RetryPolicy,
    Sorting,
    Throttle,
    Timeouts,
    TokenBucket,
    blocking,
    order_number,
)
from portone_async.answer import Headers
from portone_async.call import Caller
from portone_async.instrumentation import AttemptCallback, CallInfo, CallObserver, Observer
from portone_async.testing import FakePortOne, Status


class Card(msgspec.Struct):
    code: str


async def client_types(client: PortOneClient) -> None:
    assert_type(await client.payments.find("o", status="paid", sorting="-paid"), Payment)
    assert_type(
        await client.payments.find("o", status=PaymentStatus.PAID, sorting=Sorting.PAID_ASC),
        Payment,
    )
    assert_type(await client.payments.get("i", include_sandbox=True, extension=True), Payment)
    assert_type(
        await client.charges.with_billing_key(
            "key-1", merchant_uid=order_number("sub-1", 12), amount=Decimal("9.90"), name="n"
        ),
        Payment,
    )
    assert_type(await client.call(Call("GET", "/cards/{c}", Card, path={"c": "361"})), Card)
    assert_type(await client.call(Call("GET", "/cards", list[Card])), list[Card])
    answer = await client.call(Call("GET", "/cards", list[Card]), with_reply=True)
    assert_type(answer, Answer[list[Card]])
    assert_type(answer.value, list[Card])
    assert_type(answer.reply, ReplyInfo)
    assert_type(answer.reply.headers, Headers)
    assert_type(answer.reply.headers["Date"], str)
    caller: Caller = client
    assert_type(await caller.call(Call("GET", "/cards", list[Card])), list[Card])
    assert_type(
        client.with_options(retry=RetryPolicy(), timeouts=Timeouts(), tier=None), PortOneClient
    )
    assert_type(PortOneClient.from_profile("shop-b", rate_limit=None), PortOneClient)
    async with PortOneClient.from_env(rate_limit=None, max_in_flight=1) as other:
        assert_type(other, PortOneClient)


def blocking_types(client: blocking.PortOneClient) -> None:
    assert_type(client.payments.find("o", status="paid", sorting="-paid"), Payment)
    assert_type(list(client.payments.list("paid")), list[Payment])
    with client.payments.find_many(["o"]) as stream:
        assert_type(list(stream), list[Found | Missing | Failed])
    assert_type(client.call(Call("GET", "/cards", list[Card])), list[Card])
    assert_type(client.call(Call("GET", "/cards", Card), with_reply=True), Answer[Card])
    assert_type(client.with_options(tier=None), blocking.PortOneClient)
    assert_type(client.run(lambda other: other.payments.find("o")), Payment)
    with client.exclusive("o"), blocking.PortOneClient.from_env(max_in_flight=1) as other:
        assert_type(other, blocking.PortOneClient)


def payment_types(payment: Payment, error: PortOneError) -> None:
    assert_type(payment.amount, Decimal)
    assert_type(payment.balance, Decimal)
    assert_type(payment.paid_at, datetime | None)
    assert_type(payment.status, PaymentStatus)
    assert_type(payment.cancel_history, tuple[Cancellation, ...])
    assert_type(payment.custom(), dict[str, Any])
    assert_type(payment.custom(Card), Card)
    assert_type(payment.raw, dict[str, Any])
    assert_type(payment.to_dict(personal_data=True), dict[str, Any])
    assert_type(payment.to_json(), str)
    assert_type(Payment.columns(), tuple[str, ...])
    assert_type(error.attempts, tuple[Attempt, ...])
    assert_type(error.is_transient, bool)
    assert_type(error.reply, ReplyInfo | None)


class CustomThrottle:
    async def acquire(self, *, priority: bool = False) -> None: ...

    async def pause(self, seconds: float) -> None: ...

    async def close(self) -> None: ...


class SpanObserver:
    def call_started(self, call: CallInfo) -> CallObserver | None:
        assert_type(call.route, str)
        return AttemptCallback(print).call_started(call)


async def plugin_types() -> None:
    throttles: list[Throttle] = [CustomThrottle(), TokenBucket(RateLimit())]
    observers: tuple[Observer, ...] = (SpanObserver(), AttemptCallback(print))
    client = PortOneClient("k", "s", rate_limit=throttles[0], observers=observers, on_attempt=print)
    assert_type(client.with_options(observers=(SpanObserver(),)), PortOneClient)
    assert_type(client.rate_limit, RateLimit | None)
    async with FakePortOne() as server:
        server.fail(Status(503), times=2)
        assert_type(server.add(merchant_uid="o"), Payment)
        assert_type(server.client(rate_limit=None), PortOneClient)
