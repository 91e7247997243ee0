"""A reconciliation in which something fails: what is kept, what is said, how it goes on."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from portone_async import ApiError, PortOneClient, PortOneError, UnauthorizedError
from portone_async.reconcile import Finding, Order, Store, Verdict, reconcile
from portone_async.testing import Delay, FakePortOne, Fault, Hang, Reset, Status, Unauthorized
from tests.support.paid_day import DAY, NEXT, NOON, paid_orders


def begins_of_paid(server: FakePortOne) -> list[int]:
    path = "/payments/status/paid"
    return [int(dict(each.query)["from"]) for each in server.requests if each.path == path]


async def test_interrupted_period_resumes_at_the_first_unread_slice(
    server: FakePortOne, client: PortOneClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portone_async.reconcile._sweep._PAGE_SIZE", 3)
    orders = paid_orders(server, 9)
    with Store.open(tmp_path / "run.db") as store:
        server.fail(Delay(0), Delay(0), Status(403), on="/payments/status/paid")
        with pytest.raises(ApiError, match="403"):
            await reconcile(client, orders, since=DAY, until=NEXT, store=store)
        assert begins_of_paid(server) == [int(DAY.timestamp()), NOON + 2, NOON + 4]

        # Two that were read leave the list, which shifts what would be its pages.
        for left in store.pending_orders()[:2]:
            server.remove(left.payments[0].imp_uid)
        server.clear_requests()
        summary = await reconcile(client, orders, since=DAY, until=NEXT, store=store)
    assert begins_of_paid(server) == [NOON + 4, NOON + 6]
    assert summary.counts[Verdict.MATCHED] == 9


@pytest.mark.parametrize("on", ["/payments", "/payments/findAll"])
async def test_a_token_that_is_refused_for_good_ends_a_run_and_says_nothing_of_any_order(
    server: FakePortOne, client: PortOneClient, tmp_path: Path, on: str
) -> None:
    server.fail(Unauthorized(), times=None, on=on)
    with Store.open(tmp_path / "run.db") as store:
        with pytest.raises(UnauthorizedError):
            await reconcile(client, [Order("none", Decimal(1000))], store=store)
        assert not list(store.findings())
        # What it cost is kept all the same.
        assert store.summary().requests == server.count("/payments") > 1


@pytest.mark.parametrize("on", ["/payments", "/payments/findAll"])
@pytest.mark.parametrize(
    ("fault", "told"),
    [(Status(400), "ApiError"), (Status(503), "ServerError"), (Reset(), "ConnectionFailedError")],
    ids=["400", "503", "reset"],
)
async def test_an_order_whose_question_fails_is_not_checked_and_says_why(
    server: FakePortOne, client: PortOneClient, on: str, fault: Fault, told: str
) -> None:
    findings: list[Finding] = []
    server.fail(fault, times=None, on=on)
    await reconcile(client, [Order("none", Decimal(1000))], on_finding=findings.append)

    (finding,) = findings
    assert finding.verdict is Verdict.NOT_CHECKED
    assert finding.error is not None
    assert finding.error.startswith(told)


async def test_what_can_never_be_looked_up_is_never_sent(
    server: FakePortOne, client: PortOneClient
) -> None:
    orders = [*paid_orders(server, 3), Order("a\nb", Decimal(1)), Order("x" * 9000, Decimal(1))]
    summary = await reconcile(client, orders)

    assert summary.counts[Verdict.NOT_CHECKED] == 2
    assert summary.counts[Verdict.MATCHED] == 3
    assert not any("%0A" in each.target or "xxx" in each.target for each in server.requests)


async def test_an_error_of_portone_in_the_source_of_the_orders_comes_out_by_itself(
    client: PortOneClient,
) -> None:
    async def source() -> AsyncIterator[Order]:
        # As from task groups of its own.
        inner = ExceptionGroup("inner", [PortOneError("mine")])
        raise ExceptionGroup("outer", [inner])
        yield

    with pytest.raises(PortOneError, match="mine") as caught:
        await reconcile(client, source())
    assert caught.value.__suppress_context__


async def test_a_run_that_is_cancelled_leaves_no_task_and_no_file(
    server: FakePortOne, client: PortOneClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    orders = paid_orders(server, 3)
    await client.payments.find("o-1")
    tasks = asyncio.all_tasks()
    server.fail(Hang(), times=None, on="/payments")
    run = asyncio.create_task(reconcile(client, orders, since=DAY, until=NEXT))
    while server.count("/payments/status") < 2:
        await asyncio.sleep(0)
    assert list(tmp_path.iterdir())

    run.cancel()
    with pytest.raises(asyncio.CancelledError):
        await run
    assert not list(tmp_path.iterdir())
    assert not [each for each in asyncio.all_tasks() - tasks if "portone_async/re" in repr(each)]
