"""No public object leaks a key, a token or a buyer when it is printed, logged or dropped."""

from __future__ import annotations

import asyncio
import gc
import io
import logging
import pickle
import traceback
import warnings
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum
from types import ModuleType
from typing import Any

import pytest
from rich.traceback import Traceback

import portone_async
from portone_async import (
    Attempt,
    Call,
    Difference,
    Failed,
    Found,
    Missing,
    PaymentNotFoundError,
    PortOneClient,
    PortOneError,
    Promotion,
    RateLimit,
    RetryPolicy,
    Throttle,
    Timeouts,
    TokenBucket,
    UnreadablePayment,
    reconcile,
    webhook,
)
from portone_async.reconcile import (
    AssumedEmpty,
    Bridge,
    ConfirmationPlan,
    Finding,
    Ledger,
    LedgerEntry,
    Order,
    PaymentSnapshot,
    Refund,
    SQLiteLedger,
    Store,
    Unconfirmed,
    UnreadableOrder,
    Verdict,
    plan,
)
from portone_async.testing import FakePortOne, Hang, Status, Unauthorized
from portone_async.webhook import parse_webhook
from tests.conftest import AT_ONCE
from tests.support.canaries import (
    BUYER,
    KEY,
    REASONS,
    SECRET,
    assert_clean,
    canary_server,
    renderings,
)
from tests.support.ways import both_ways, one_way

pytestmark = both_ways

LISTS = {
    "cancel_history": [{"amount": 1, "reason": REASONS[0]}],
    "deposit_history": [{"amount": 1, "depositor_name": REASONS[1]}],
}
BODY = BUYER | {"note": "x" * 100}
PREPARE = Call("POST", "/payments/prepare", dict[str, Any], body=BODY)
WEBHOOK = b'{"imp_uid":"imp_1","merchant_uid":"order-1","status":"paid","buyer_name":"%s"}'


@pytest.fixture(name="server")
async def _server(caplog: pytest.LogCaptureFixture) -> AsyncIterator[FakePortOne]:
    caplog.set_level(logging.DEBUG)
    async with canary_server() as server:
        server.add(merchant_uid="order-1", imp_uid="imp_1", **BUYER, **LISTS)
        yield server


_DAY = datetime(2026, 11, 1, tzinfo=UTC)


async def alive(client: PortOneClient, store: Store, ledger: SQLiteLedger) -> list[object]:
    """One of each public class, as it is after use."""
    payments = client.payments
    payment = await payments.find("order-1")
    pages, group_stream = payments.find_all("order-1"), payments.get_many(["order-1"])
    assert [each async for each in pages] == [payment]
    async with group_stream as stream:
        groups = [each async for each in stream]
    path = {"customer_uid": BUYER["buyer_email"]}
    call = Call("POST", "/subscribe/customers/{customer_uid}", dict[str, Any], path=path, body=BODY)
    with pytest.raises(PaymentNotFoundError) as caught:
        await payments.find("order-2")
    find = Call("GET", "/payments/find/{uid}", dict[str, Any], path={"uid": "order-1"})
    answer = await client.call(find, with_reply=True)
    order = Order("order-1", Decimal(1000))
    snapshot = PaymentSnapshot.of(payment)
    orphan = Finding(merchant_uid="order-1", verdict=Verdict.ORPHAN, payments=(snapshot,))
    week = plan(["A01"], since=_DAY, until=_DAY + timedelta(days=7))
    ledger.claim(week)
    ledger.publish(next(iter(week)), store.summary(), [orphan])
    return [
        *(ledger, week, next(iter(week)), LedgerEntry(next(iter(week)), orphan)),
        Unconfirmed("A01", order, (snapshot,)),
        *(client, client.with_options(timeouts=Timeouts(total=5)), payments, pages, group_stream),
        *(call, payment, payment.cancel_history[0], payment.deposit_history[0], Promotion()),
        UnreadablePayment(
            imp_uid="imp_1", merchant_uid="order-1", path="$.amount", reason="missing"
        ),
        *(groups[0], Found("order-1", payment), Missing("order-2", caught.value)),
        *(Failed("order-2", caught.value), caught.value, caught.value.attempts[0]),
        *(Difference("amount", "1", "2"), TokenBucket(RateLimit()), RateLimit(), RetryPolicy()),
        *(Timeouts(), order, snapshot, orphan, store, store.summary(), Bridge()),
        *(Refund("order-1", Decimal(1), "KRW", "a.csv:1"), UnreadableOrder("a.csv:1", "no amount")),
        *(answer, answer.reply, answer.reply.headers),
        AssumedEmpty("paid", datetime.now(UTC), datetime.now(UTC)),
        ConfirmationPlan(orders=1, requests=1, seconds=0.02),
        *(parse_webhook(WEBHOOK % BUYER["buyer_name"].encode()), payment.status),
    ]


def classes(module: ModuleType) -> Iterator[type]:
    for name in module.__all__:
        value = getattr(module, name)
        # Words show themselves, and errors are looked at where they are raised.
        if isinstance(value, type) and not issubclass(value, Enum | PortOneError):
            yield value


async def test_public_objects_leak_nothing(server: FakePortOne, tmp_path: Any) -> None:
    with (
        Store.open(tmp_path / "run.db") as store,
        SQLiteLedger.open(tmp_path / "run.ledger", run="week") as ledger,
    ):
        async with server.client(retry=AT_ONCE, rate_limit=TokenBucket(RateLimit())) as client:
            objects = await alive(client, store, ledger)
            shown = [text for each in objects for text in renderings(each)]
        shown += renderings(client)

    known = {*classes(portone_async), *classes(webhook), *classes(reconcile)} - {Throttle, Ledger}
    assert {each.__name__ for each in known - set(map(type, objects))} == set()
    assert any("order-1" in text for text in shown)
    assert_clean(*shown, token=server.token)


@one_way
def test_client_cannot_be_pickled() -> None:
    client = PortOneClient(KEY, SECRET)
    for each in (client, client.with_options(tier="A01"), client.payments):
        with pytest.raises(TypeError, match="make one in each process"):
            pickle.dumps(each)


async def test_attempts_and_logs_of_token_renewals_leak_nothing(
    server: FakePortOne, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[Attempt] = []
    old = server.issue_token()
    async with server.client(retry=AT_ONCE, on_attempt=seen.append) as client:
        server.fail(Unauthorized(), Status(503), on="/payments")
        await client.payments.find("order-1")
        server.revoke_token()
        await client.payments.find("order-1")
        server.advance(3600)
        await client.payments.find("order-1")

    assert {each.status for each in seen} == {200, 401, 503}
    assert old != server.token
    records = [repr(vars(record)) for record in caplog.records]
    assert_clean(repr(seen), caplog.text, *records, token=server.token)
    assert_clean(repr(seen), caplog.text, *records, token=old)


async def test_waiting_task_leaks_nothing_when_printed(server: FakePortOne) -> None:
    asyncio.get_running_loop().set_debug(True)
    async with server.client() as client:
        await client.payments.find("order-1")
        server.fail(Hang(), times=None)
        task = asyncio.create_task(client.call(PREPARE))
        while not server.count("/payments/prepare"):
            await asyncio.sleep(0)
        stack = io.StringIO()
        for each in asyncio.all_tasks():
            each.print_stack(file=stack)
        reprs = [*map(repr, asyncio.all_tasks()), repr(task.get_coro())]
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    assert "client.py" in stack.getvalue()
    assert_clean(stack.getvalue(), *reprs, repr(task), token=server.token)


async def test_unretrieved_error_is_reported_without_secrets(
    server: FakePortOne, caplog: pytest.LogCaptureFixture
) -> None:
    asyncio.get_running_loop().set_debug(True)
    contexts: list[dict[str, Any]] = []

    def keep(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        contexts.append(context)
        loop.default_exception_handler(context)

    asyncio.get_running_loop().set_exception_handler(keep)
    async with server.client(retry=AT_ONCE) as client:
        server.fail(Unauthorized(), times=None)
        await asyncio.wait({asyncio.create_task(client.payments.find("order-1"))})
    gc.collect()

    assert "never retrieved" in caplog.text
    assert_clean(caplog.text, repr(contexts), token=server.token)
    caplog.clear()  # It was lost on purpose.


async def test_warning_about_an_unclosed_client_has_no_keys(server: FakePortOne) -> None:
    client = server.client()
    await client.payments.find("order-1")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        del client
        gc.collect()

    assert [each.category for each in caught] == [ResourceWarning]
    lines = [warnings.formatwarning(w.message, w.category, w.filename, w.lineno) for w in caught]
    assert_clean(*lines, *(repr(each.source) for each in caught), token=server.token)


async def together(client: PortOneClient) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(3):
            group.create_task(client.payments.find("order-1"))


async def test_frames_of_a_failed_task_group_leak_nothing(
    server: FakePortOne,
) -> None:
    async with server.client(retry=AT_ONCE) as client:
        await client.payments.find("order-1")
        server.fail(Unauthorized(), times=None)
        with pytest.raises(ExceptionGroup) as caught:
            await together(client)

    lines = traceback.TracebackException.from_exception(caught.value, capture_locals=True).format()
    assert_clean("".join(lines), token=server.token)


async def test_truncated_local_variables_leak_nothing(
    server: FakePortOne,
) -> None:
    """Of a long text rich shows the first 80 letters, and quotes them itself."""
    async with server.client() as client:
        await client.payments.find("order-1")
        server.fail(Hang())
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.05):
                await client.call(PREPARE)

    error = caught.value
    extracted = Traceback.extract(type(error), error, error.__traceback__, show_locals=True)
    frames = [frame for stack in extracted.stacks for frame in stack.frames]
    shown = [str(node) for frame in frames for node in (frame.locals or {}).values()]
    assert any("***" in text for text in shown)
    assert_clean(*shown, token=server.token)
