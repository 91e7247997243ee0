"""A user's program: the public API with its types. Checked by mypy and pyright, never executed.

It imports only what the wheel and its dependencies contain. Each ``ignore`` is a mistake that both
type checkers must report: an unused one is an error.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any, assert_type

import msgspec

from portone_async import (
    Answer,
    ApiError,
    Attempt,
    Call,
    Cancellation,
    Difference,
    Failed,
    Found,
    Group,
    Missing,
    OutcomeUnknownError,
    Payment,
    PaymentMismatchError,
    PaymentNotFoundError,
    PaymentStatus,
    PortOneClient,
    PortOneError,
    RateLimit,
    RateLimitedError,
    RetryPolicy,
    Timeouts,
    TokenBucket,
    blocking,
    order_number,
)
from portone_async.instrumentation import CallInfo, CallObserver
from portone_async.reconcile import Finding, Order, Store, Summary, Verdict, reconcile
from portone_async.testing import Delay, FakePortOne, Status
from portone_async.webhook import WebhookEvent, parse_webhook, verify_webhook


class Holder(msgspec.Struct):
    bank_holder: str


class Note(msgspec.Struct):
    text: str


async def look_up(client: PortOneClient) -> None:
    payment = await client.payments.find("order-1", status="paid", sorting="-paid")
    assert_type(payment, Payment)
    assert_type(payment.amount, Decimal)
    assert_type(payment.status, PaymentStatus)
    assert_type(payment.paid_at, datetime | None)
    assert_type(payment.cancel_history, tuple[Cancellation, ...])
    assert_type(payment.balance, Decimal)
    assert_type(payment.custom(Note), Note)
    assert_type(payment.custom(), dict[str, Any])
    assert_type(payment.to_dict(personal_data=True), dict[str, Any])
    assert_type(payment.to_json(), str)
    assert_type(Payment.columns(), tuple[str, ...])
    await client.payments.find(17)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    payment.amount = Decimal(1)  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


async def look_up_many(client: PortOneClient, since: datetime) -> None:
    async for payment in client.payments.list("paid", since=since):
        assert_type(payment, Payment)
    async with client.payments.get_many(["order-1"]) as groups:
        async for group in groups:
            assert_type(group, Group)
            assert_type(group.payments, tuple[Payment, ...])
    async with client.payments.find_many(["order-1"]) as results:
        async for result in results:
            match result:
                case Found(merchant_uid, payment):
                    assert_type(merchant_uid, str)
                    assert_type(payment, Payment)
                case Missing(error=error):
                    assert_type(error, PaymentNotFoundError)
                case Failed(error=failure):
                    assert_type(failure, PortOneError)


def look_up_blocking(client: blocking.PortOneClient, since: datetime) -> None:
    assert_type(client.payments.find("order-1", status="paid"), Payment)
    for payment in client.payments.list("paid", since=since):
        assert_type(payment, Payment)
    client.payments.find(17)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


async def call(client: PortOneClient) -> None:
    query = {"bank_code": "004", "bank_num": "00000000000000"}
    assert_type(await client.call(Call("GET", "/vbanks/holder", Holder, query=query)), Holder)
    assert_type(await client.call(Call("GET", "/banks", list[Holder])), list[Holder])
    answer = await client.call(Call("GET", "/banks", list[Holder]), with_reply=True)
    assert_type(answer, Answer[list[Holder]])
    assert_type(answer.reply.status, int)
    banks = await client.codes.banks()
    assert_type(banks[0].name, str)


async def move_money(client: PortOneClient) -> Payment | None:
    number = order_number("subscription-1", 12)
    try:
        await client.charges.with_billing_key(
            "key-1", merchant_uid=number, amount=Decimal("9.90"), name="Coffee"
        )
        return await client.payments.cancel("imp_1", amount=500, reason="returned", key="R-1")
    except OutcomeUnknownError as error:
        assert_type(error.evidence, tuple[str, ...])
    except RateLimitedError as error:
        assert_type(error.retry_after, float | None)
    except ApiError as error:
        assert_type(error.code, int | None)
        assert_type(error.attempts, tuple[Attempt, ...])
    except PortOneError as error:
        assert_type(error.is_transient, bool)
    await client.payments.cancel("imp_1", amount=9.9, reason="r")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    return None


async def receive(client: PortOneClient, body: bytes) -> bool:
    event = parse_webhook(body, "application/json")
    assert_type(event, WebhookEvent)
    try:
        payment = await verify_webhook(
            client, event, merchant_uid=event.merchant_uid, amount=Decimal(1000)
        )
    except PaymentMismatchError as error:
        assert_type(error.differences, tuple[Difference, ...])
        return False
    return payment.is_paid


async def compare(client: PortOneClient, since: datetime, until: datetime) -> list[dict[str, Any]]:
    orders = [
        Order("order-1", Decimal(1000)),
        Order("order-2", Decimal("9.90"), "USD", "cancelled"),
    ]
    with Store.open("run.db") as store:
        summary = await reconcile(client, orders, since=since, until=until, store=store)
        assert_type(summary, Summary)
        assert_type(summary.counts[Verdict.MISSING], int)
        assert_type(store.findings("missing"), Iterator[Finding])
        return [finding.to_dict() for finding in store.findings()]


class Throttle:
    """A throttle of the user, by the protocol alone."""

    async def acquire(self, *, priority: bool = False) -> None: ...

    async def pause(self, seconds: float) -> None: ...

    async def close(self) -> None: ...


class Spans:
    """An observer of the user."""

    def call_started(self, call: CallInfo) -> CallObserver | None:
        assert_type(call.route, str)
        return None


async def configure() -> None:
    shared = TokenBucket(RateLimit(rate=50.0, burst=5))
    async with (
        PortOneClient("key", "secret", rate_limit=shared, observers=(Spans(),)) as client,
        PortOneClient.from_env(rate_limit=Throttle(), max_in_flight=8) as other,
    ):
        view = client.with_options(retry=RetryPolicy(attempts=2), timeouts=Timeouts(total=8.0))
        assert_type(view, PortOneClient)
        assert_type(other.rate_limit, RateLimit | None)
    PortOneClient("key", "secret", timeout=8.0)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def test_shop(portone_server: FakePortOne, portone_client: PortOneClient) -> None:
    portone_server.add(merchant_uid="order-1", amount=1000)
    portone_server.fail(Status(503), Delay(0.1), times=2)
    assert_type(portone_server.add(merchant_uid="order-2"), Payment)
    assert (await portone_client.payments.find("order-1")).is_paid
