"""Test failures during a reconciliation: what is recorded, reported and resumed."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pytest

from portone_async import ApiError, PortOneClient, PortOneError, ThrottleError, UnauthorizedError
from portone_async.reconcile import Finding, Order, Store, Verdict, reconcile
from portone_async.testing import Delay, FakePortOne, Fault, Hang, Reset, Status, Unauthorized
from tests.support.paid_day import DAY, NEXT, NOON, paid_orders
from tests.support.scripted import RefusingThrottle


def starts_of_slices(server: FakePortOne) -> list[int]:
    path = "/payments/status/paid"
    return [int(dict(r.query)["from"]) for r in server.requests if r.path == path]


async def test_interrupted_period_resumes_at_the_first_unread_slice(
    server: FakePortOne, client: PortOneClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portone_async.reconcile._sweep._PAGE_SIZE", 3)
    orders = paid_orders(server, 9)
    with Store.open(tmp_path / "run.db") as store:
        server.fail(Delay(0), Delay(0), Status(403), on="/payments/status/paid")
        with pytest.raises(ApiError, match="403"):
            await reconcile(client, orders, since=DAY, until=NEXT, store=store)
        assert starts_of_slices(server) == [int(DAY.timestamp()), NOON + 2, NOON + 4]

        # Two payments leave the list, which would shift the pages of a paginated list.
        for pending in store.pending_orders()[:2]:
            server.remove(pending.payments[0].imp_uid)
        server.clear_requests()
        summary = await reconcile(client, orders, since=DAY, until=NEXT, store=store)
    assert starts_of_slices(server) == [NOON + 4, NOON + 6]
    assert summary.counts[Verdict.MATCHED] == 9


@pytest.mark.parametrize("on", ["/payments", "/payments/findAll"])
async def test_rejected_token_ends_a_run_without_findings(
    server: FakePortOne, client: PortOneClient, tmp_path: Path, on: str
) -> None:
    server.fail(Unauthorized(), times=None, on=on)
    with Store.open(tmp_path / "run.db") as store:
        with pytest.raises(UnauthorizedError) as caught:
            await reconcile(client, [Order("none", Decimal(1000))], store=store)
        # A group would contain the error itself, which not every pickler can pickle.
        assert not isinstance(caught.value.__context__, BaseExceptionGroup)
        assert not list(store.findings())
        # The usage is stored nevertheless.
        assert store.summary().requests == server.count("/payments") > 1


@pytest.mark.parametrize("permits", [1, 2])  # None for the look-up, or for its confirmation.
async def test_throttle_error_ends_a_run_without_findings(
    server: FakePortOne, tmp_path: Path, permits: int
) -> None:
    throttle = RefusingThrottle(permits, ThrottleError("the store is down"))
    async with server.client(rate_limit=throttle) as client:
        with Store.open(tmp_path / "run.db") as store:
            with pytest.raises(ThrottleError):
                await reconcile(client, [Order("none", Decimal(1000))], store=store)
            assert not list(store.findings())


@pytest.mark.parametrize("on", ["/payments", "/payments/findAll"])
@pytest.mark.parametrize(
    ("fault", "error"),
    [(Status(400), "ApiError"), (Status(503), "ServerError"), (Reset(), "ConnectionFailedError")],
    ids=["400", "503", "reset"],
)
async def test_failed_request_makes_an_order_not_checked(
    server: FakePortOne, client: PortOneClient, on: str, fault: Fault, error: str
) -> None:
    findings: list[Finding] = []
    server.fail(fault, times=None, on=on)
    await reconcile(client, [Order("none", Decimal(1000))], on_finding=findings.append)

    (finding,) = findings
    assert finding.verdict is Verdict.NOT_CHECKED
    assert finding.error is not None
    assert finding.error.startswith(error)


async def test_order_number_that_cannot_be_sent_is_never_sent(
    server: FakePortOne, client: PortOneClient
) -> None:
    orders = [*paid_orders(server, 3), Order("a\nb", Decimal(1)), Order("x" * 9000, Decimal(1))]
    summary = await reconcile(client, orders)

    assert summary.counts[Verdict.NOT_CHECKED] == 2
    assert summary.counts[Verdict.MATCHED] == 3
    assert not any("%0A" in r.target or "xxx" in r.target for r in server.requests)


async def test_error_in_the_source_of_orders_is_raised_ungrouped(
    client: PortOneClient,
) -> None:
    async def source() -> AsyncIterator[Order]:
        # As task groups in the source would raise it.
        inner = ExceptionGroup("inner", [PortOneError("mine")])
        raise ExceptionGroup("outer", [inner])
        yield

    with pytest.raises(PortOneError, match="mine") as caught:
        await reconcile(client, source())
    assert caught.value.__suppress_context__


async def test_cancelled_run_leaves_no_task_and_no_file(
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
    assert not [task for task in asyncio.all_tasks() - tasks if "portone_async/re" in repr(task)]
