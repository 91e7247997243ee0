"""Many partitions on workers of this process. Processes and kills: ``test_dask_processes.py``."""

from __future__ import annotations

import asyncio
import pickle
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path
from typing import Any, Self
from unittest.mock import Mock

import dask.config
import distributed
import pytest
from distributed.client import FutureCancelledError

from portone_async import (
    AuthenticationError,
    InvalidRequestError,
    PortOneClient,
    RateLimit,
    ServerError,
)
from portone_async.reconcile import (
    LedgerEntry,
    LedgerError,
    SQLiteLedger,
    Summary,
    Verdict,
    reconcile_partition,
)
from portone_async.reconcile.dask import (
    ClusterError,
    PartitionedRun,
    PartitionError,
    Progress,
    SharedRate,
    reconcile_many,
)
from portone_async.reconcile.dask._driver import Driver
from portone_async.reconcile.dask._open import client_of
from portone_async.reconcile.dask._settings import Settings
from portone_async.reconcile.dask._worker import RunPlugin
from portone_async.reconcile.ledgers.postgresql import PostgreSQLLedger
from portone_async.testing import FakePortOne, Status
from tests.support.custom_faults import Hanging
from tests.support.environment import set_environment
from tests.support.idle import turns
from tests.support.leaks import leaked
from tests.support.partition_orders import (
    PASSWORD,
    Counted,
    add_payments,
    orders_of,
    plan_of,
)

ORDERS = "tests.support.partition_orders:orders_of"
CLIENT = "tests.support.partition_orders:client"
DAYS = 6


@pytest.fixture(name="portone")
async def _portone(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakePortOne]:
    """Run a fake with the payments of each partition, in the environment of the workers."""
    async with FakePortOne() as server:
        for partition in plan_of(DAYS):
            add_payments(server, partition)
        set_environment(monkeypatch, server)
        yield server


@pytest.fixture(name="cluster")
async def _cluster() -> AsyncIterator[distributed.Client]:
    """Open a client of two workers in this process: no port, and no process."""
    make: Callable[..., Any] = distributed.LocalCluster
    connect: Callable[..., Any] = distributed.Client
    async with (
        make(
            n_workers=2,
            threads_per_worker=4,
            processes=False,
            asynchronous=True,
            host="127.0.0.1",
            protocol="tcp",  # Messages are pickled, as between processes.
            dashboard_address="127.0.0.1:0",
            scheduler_kwargs={"dashboard": False},
            memory_limit=None,
        ) as local,
        connect(local, asynchronous=True, set_as_default=False) as client,
    ):
        yield client


@pytest.fixture(name="path")
def _path(tmp_path: Path) -> Path:
    return tmp_path / "ledger.db"


Run = Callable[..., Coroutine[Any, Any, PartitionedRun]]


@pytest.fixture(name="run")
def _run(portone: FakePortOne, cluster: distributed.Client, path: Path) -> Run:
    """Reconcile the days, with other arguments where a test has them."""

    async def run(orders: Any = ORDERS, **options: Any) -> PartitionedRun:
        plan, ledger = options.pop("plan", plan_of(DAYS)), options.pop("ledger", path)
        arguments: dict[str, Any] = {
            "run": "november",
            "cluster": cluster,
            "client": CLIENT,
            "rate_limit": RateLimit(1000, 50),
            **options,
        }
        return await reconcile_many(plan, orders, ledger, **arguments)

    return run


def entries(path: Path) -> list[LedgerEntry]:
    with SQLiteLedger.open(path, run="november") as ledger:
        return list(ledger.entries())


async def test_workers_find_what_one_process_finds(run: Run, path: Path, tmp_path: Path) -> None:
    result = await run()

    alone = tmp_path / "alone.db"
    with SQLiteLedger.open(alone, run="november") as ledger:
        ledger.claim(plan_of(DAYS))
        async with PortOneClient.from_env() as client:
            for partition in ledger.plan():
                await reconcile_partition(client, partition, orders_of, ledger)
    assert entries(path) == entries(alone)
    assert len(entries(path)) == 5 * DAYS
    assert result.summary.counts[Verdict.AMOUNT_DIFFERS] == DAYS
    assert result.failed == ()


async def test_finished_run_sends_no_request(run: Run, portone: FakePortOne) -> None:
    first = await run()
    requests = len(portone.requests)

    second = await run(cluster="tcp://127.0.0.1:1")

    assert len(portone.requests) == requests
    assert second == first


async def test_finished_run_refuses_the_keys_of_another_shop_here(
    run: Run, portone: FakePortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = await run()
    requests = len(portone.requests)
    monkeypatch.setenv("PORTONE_IMP_KEY", "another_key")

    with pytest.raises(LedgerError, match="another API key"):
        await run(cluster=None, client=None)
    # The keys of other workers are not known here.
    assert await run(client=None) == await run(cluster=None) == first
    monkeypatch.delenv("PORTONE_IMP_KEY")
    assert await run(cluster=None, client=None) == first
    assert len(portone.requests) == requests


async def test_changed_orders_are_reconciled_again_on_request(
    run: Run, portone: FakePortOne, path: Path
) -> None:
    await run()
    portone.clear_requests()

    result = await run("tests.support.partition_orders:changed_orders", again="changed")

    assert portone.count("/payments/status") == 2  # A list for each of two statuses.
    assert result.summary.counts[Verdict.MISSING] == 1
    assert len(entries(path)) == 5 * DAYS + 1


async def test_only_unfinished_partitions_are_requested(
    run: Run, portone: FakePortOne, path: Path
) -> None:
    await run("tests.support.partition_orders:failing_orders")
    portone.clear_requests()

    await run()

    assert portone.count("/payments/status") == 2  # A list for each of two statuses.
    assert len(entries(path)) == 5 * DAYS


async def test_progress_counts_the_partitions_of_earlier_runs(run: Run) -> None:
    await run("tests.support.partition_orders:failing_orders")
    progress: list[Progress] = []

    await run(on_progress=progress.append)

    (last,) = progress
    assert (last.finished, last.failed, last.total) == (DAYS, 0, DAYS)
    assert last.last.partition == next(iter(plan_of(1)))


def second_charge(portone: FakePortOne) -> None:
    """Charge the first order of the first day once more on the next day."""
    order = orders_of(next(iter(plan_of(1))))[0]
    tomorrow = int(list(plan_of(2))[1].since.timestamp()) + 50_000
    portone.add(merchant_uid=order.merchant_uid, amount=1000, paid_at=tomorrow, started_at=tomorrow)


async def test_second_charge_in_another_partition_is_found(
    run: Run, portone: FakePortOne, path: Path
) -> None:
    second_charge(portone)

    result = await run()

    (twice,) = [each for each in entries(path) if each.finding.verdict is Verdict.PAID_TWICE]
    assert twice.partition == next(iter(plan_of(1)))
    assert len(twice.finding.payments) == 2
    assert result.summary.counts[Verdict.ORPHAN] == 0


async def test_run_that_could_not_look_up_a_second_charge_does_so_again(
    run: Run, portone: FakePortOne
) -> None:
    second_charge(portone)
    portone.fail(Status(500), on="/payments/findAll/o-1001-0", times=None)
    first = await run()
    portone.clear_faults()

    second = await run()

    assert first.summary.counts[Verdict.NOT_CHECKED] == 1
    assert second.summary.counts[Verdict.NOT_CHECKED] == 0
    assert second.summary.counts[Verdict.PAID_TWICE] == 1


async def test_failed_partition_does_not_affect_the_others(run: Run, path: Path) -> None:
    result = await run("tests.support.partition_orders:failing_orders")

    (failed,) = result.failed
    assert failed.partition == next(iter(plan_of(1)))
    assert type(failed.error) is PartitionError
    assert "OSError in partition_orders.py, line " in str(failed.error)
    assert {entry.partition for entry in entries(path)} == set(plan_of(DAYS - 1, first=1))


async def test_no_secret_is_reported_or_logged(
    run: Run, portone: FakePortOne, capfd: pytest.CaptureFixture[str]
) -> None:
    result = await run("tests.support.partition_orders:failing_orders")

    reported = f"{result} {result.failed[0].error} {pickle.dumps(result)!r}"
    for secret in (PASSWORD, portone.imp_key, portone.imp_secret):
        assert secret not in reported
        assert secret not in "".join(capfd.readouterr())


async def test_error_of_portone_comes_back_with_its_class(run: Run, portone: FakePortOne) -> None:
    portone.fail(Status(500), on="/payments/status", times=None)

    result = await run(plan=plan_of(2))

    assert [type(failed.error) for failed in result.failed] == [ServerError] * 2
    assert all(failed.error and failed.error.attempts for failed in result.failed)


async def test_rejected_keys_end_the_run(
    run: Run, portone: FakePortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTONE_IMP_SECRET", "another-secret")

    with pytest.raises(AuthenticationError):
        await run()

    assert not [request for request in portone.requests if "/payments" in request.path]


async def test_payments_of_another_key_end_the_run(
    run: Run, portone: FakePortOne, path: Path
) -> None:
    plan = plan_of(DAYS)
    summary = Summary(counts={}, amounts={}, requests=0, retries=0, seconds=0.0)
    with SQLiteLedger.open(path, run="november") as ledger:
        ledger.claim(plan)
        ledger.publish(next(iter(plan)), summary, (), account="another")

    with pytest.raises(LedgerError, match="another API key"):
        await run()

    assert not portone.requests


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"orders": "tests.support.no_module:orders"}, "orders='tests.support.no_module:orders'"),
        ({"shared_rate": SharedRate("shop", store="NO_VARIABLE")}, "store='NO_VARIABLE'"),
    ],
)
async def test_worker_that_cannot_start_ends_the_run(
    run: Run, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        await run(**options)


async def test_worker_without_the_extra_valkey_names_it(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "redis", None)
    for name in [name for name in sys.modules if name.startswith("portone_async.throttle.valkey")]:
        monkeypatch.delitem(sys.modules, name)

    with pytest.raises(PartitionError, match=r"pip install 'portone-async\[valkey\]'"):
        await run(shared_rate=SharedRate("shop"))


async def test_missing_keys_end_the_run(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORTONE_IMP_KEY")

    with pytest.raises(InvalidRequestError, match="PORTONE_IMP_KEY is not set"):
        await run()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ledger": f"postgresql://shop:{PASSWORD}@10.0.0.1/shop"}, "ledger must name"),
        ({"orders": orders_of}, 'orders must be "module:function"'),
        ({"workers": 0}, "workers must be a whole number"),
        ({"at_once": True}, "at_once must be a whole number"),
        ({"rate_limit": None}, "rate_limit must be"),
        ({"confirm": "twice"}, "confirm must be"),
    ],
)
async def test_invalid_argument_is_refused(run: Run, options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRequestError, match=message) as caught:
        await run(**options)

    assert leaked({PASSWORD}, caught.value) == set()


def test_shared_rate_refuses_an_address() -> None:
    with pytest.raises(InvalidRequestError, match="store must name") as caught:
        SharedRate("shop", store=f"redis://:{PASSWORD}@10.0.0.1:6379/0")

    assert leaked({PASSWORD}, caught.value) == set()


def settings(**options: Any) -> Settings:
    values: dict[str, Any] = {
        "run": "november",
        "client": None,
        "orders": ORDERS,
        "ledger": "LEDGER_URL",
        "confirm": "single",
        "rate_limit": RateLimit(50, 5),
        "shared_rate": None,
        "workers": 2,
        "at_once": 4,
        "owns_process": False,
        **options,
    }
    return Settings(**values)


async def test_worker_gets_its_share_of_the_rate(portone: FakePortOne) -> None:
    async with client_of(settings()) as client:
        assert client.rate_limit == RateLimit(25, 2)


async def test_worker_sends_at_the_shared_rate(
    portone: FakePortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALKEY_URL", f"redis://:{PASSWORD}@127.0.0.1:1/0")

    async with client_of(settings(shared_rate=SharedRate("shop"))) as client:
        assert client.rate_limit == RateLimit(50, 5)


async def test_only_names_travel(portone: FakePortOne, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VALKEY_URL", f"redis://:{PASSWORD}@127.0.0.1:1/0")
    plugin = RunPlugin(settings(shared_rate=SharedRate("shop")))

    travels = pickle.dumps((plugin, list(plan_of(DAYS))))

    for secret in (PASSWORD, portone.imp_key, portone.imp_secret, portone.url):
        assert secret.encode() not in travels


async def test_worker_runs_no_more_partitions_at_once_than_allowed(
    portone: FakePortOne, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEDGER_URL", str(path))
    with SQLiteLedger.open(path, run="november") as ledger:
        ledger.claim(plan_of(DAYS))
    Counted.now = Counted.most = 0
    orders = "tests.support.partition_orders:counted_orders"
    plugin = RunPlugin(settings(orders=orders, at_once=1, rate_limit=RateLimit(1000, 50)))
    await plugin.setup(None)

    outcomes = await asyncio.gather(*map(plugin.run, plan_of(DAYS)))

    await plugin.teardown(None)
    assert all(outcome.summary for outcome in outcomes)
    assert Counted.most == 1


@pytest.fixture(name="clients")
def _clients(monkeypatch: pytest.MonkeyPatch) -> list[PortOneClient]:
    """Collect the clients that workers make."""
    clients: list[PortOneClient] = []
    real = PortOneClient.from_env

    def note(**options: Any) -> PortOneClient:
        clients.append(real(**options))
        return clients[-1]

    monkeypatch.setattr(PortOneClient, "from_env", note)
    return clients


async def test_clients_are_closed_at_the_end(
    run: Run, cluster: Any, clients: list[PortOneClient]
) -> None:
    await run()

    assert [" closed" in repr(client) for client in clients] == [True, True]
    assert cluster.status == "running"


async def test_cancelled_run_stops_its_workers(run: Run, portone: FakePortOne, path: Path) -> None:
    portone.fail(hanging := Hanging(), on="/payments/status")
    task = asyncio.create_task(run())
    await hanging.reached()

    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    await hanging.left()
    requests = len(portone.requests)
    await run()
    assert len(portone.requests) > requests
    assert len(entries(path)) == 5 * DAYS


async def test_second_driver_stops_the_first(run: Run, portone: FakePortOne, path: Path) -> None:
    portone.fail(hanging := Hanging(), on="/payments/status")
    first = asyncio.create_task(run())
    await hanging.reached()

    second = await run()

    with pytest.raises(ClusterError, match="started again by another driver"):
        await first
    assert second.failed == ()
    assert len(entries(path)) == 5 * DAYS


async def test_exception_of_the_callback_ends_the_run(run: Run, path: Path) -> None:
    def refuse(progress: Progress) -> None:
        raise ZeroDivisionError(progress.last.partition.name)

    with pytest.raises(ZeroDivisionError):
        await run(on_progress=refuse)


class Starting:
    """A cluster that starts, slowly, and counts how often it is closed."""

    status = "running"

    def __init__(self, **_: object) -> None:
        self.begun = asyncio.Event()
        self.may_start = asyncio.Event()
        self.has_started = False
        self.closed = 0

    async def __aenter__(self) -> Self:
        self.begun.set()
        await self.may_start.wait()
        self.has_started = True
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.has_started
        await asyncio.sleep(0)
        self.closed += 1


@pytest.mark.parametrize("times", [1, 2])
async def test_cluster_that_starts_during_a_cancellation_is_closed(
    run: Run, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    cluster = Starting()
    monkeypatch.setattr(distributed, "LocalCluster", Mock(return_value=cluster))
    task = asyncio.create_task(run(cluster=None))
    await cluster.begun.wait()
    for _ in range(times):
        task.cancel()
        await turns(5)
    cluster.may_start.set()

    with pytest.raises(asyncio.CancelledError):
        await task

    assert cluster.closed == 1


async def test_client_that_connects_during_a_cancellation_is_closed(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    connecting = asyncio.Event()
    clients: list[distributed.Client] = []

    async def hang(client: distributed.Client, **_: object) -> None:
        clients.append(client)
        connecting.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(distributed.Client, "_ensure_connected", hang)
    task = asyncio.create_task(run(cluster="tcp://127.0.0.1:1"))
    await connecting.wait()
    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task

    assert [client.status for client in clients] == ["closed"]


async def test_worker_closes_its_client_although_teardown_is_cancelled(
    portone: FakePortOne,
    path: Path,
    clients: list[PortOneClient],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("LEDGER_URL", str(path))
    with SQLiteLedger.open(path, run="november") as ledger:
        ledger.claim(plan_of(1))
    portone.fail(hanging := Hanging(), on="/payments/status")
    plugin = RunPlugin(settings())
    await plugin.setup(None)
    running = asyncio.create_task(plugin.run(next(iter(plan_of(1)))))
    await hanging.reached()

    teardown = asyncio.create_task(plugin.teardown(None))
    await turns(2)
    teardown.cancel()
    await asyncio.wait({teardown, running})

    assert teardown.cancelled()
    assert [" closed" in repr(client) for client in clients] == [True]


async def test_unreachable_scheduler_is_a_cluster_error(run: Run) -> None:
    with (
        dask.config.set({"distributed.comm.timeouts.connect": "50ms"}),
        pytest.raises(ClusterError, match="the scheduler cannot be reached"),
    ):
        await run(cluster="tcp://127.0.0.1:1")


async def test_closed_client_of_a_cluster_is_refused(run: Run, cluster: Any) -> None:
    await cluster.close()

    with pytest.raises(InvalidRequestError, match="not connected"):
        await run()


class Failing:
    """A connection whose tasks all raise an exception of Dask."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def submit(self, *_: object, **__: object) -> None:
        raise self._error


async def test_partition_whose_workers_die_fails_alone() -> None:
    worker: Any = None
    connection: Any = Failing(distributed.KilledWorker("key", worker, 3))
    driver = Driver(connection, "plugin", 2, None)

    await driver.run(list(plan_of(2)), at_once=1)

    assert [type(failed.error) for failed in driver.failed] == [PartitionError] * 2
    assert "4 worker processes ended" in str(driver.failed[0].error)


async def test_lost_scheduler_is_a_cluster_error() -> None:
    connection: Any = Failing(FutureCancelledError("key", "lost"))
    driver = Driver(connection, "plugin", 1, None)

    with pytest.raises(ClusterError, match=r"a task was not executed \(FutureCancelledError\)"):
        await driver.run(list(plan_of(1)), at_once=1)


def test_module_without_distributed_names_the_extra() -> None:
    program = (
        "import sys; sys.modules['distributed'] = None\n"
        "import portone_async.reconcile\n"
        "try: import portone_async.reconcile.dask\n"
        "except ModuleNotFoundError as error: print(error)"
    )
    output = subprocess.check_output([sys.executable, "-c", program], text=True)
    assert output.strip().endswith("needs distributed: pip install 'portone-async[dask]'")


async def test_workers_share_a_ledger_in_postgresql(
    run: Run, postgresql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LEDGER_URL", postgresql)

    result = await run(ledger="LEDGER_URL", run="workers")

    with PostgreSQLLedger.connect(postgresql, run="workers") as ledger:
        assert len(list(ledger.entries())) == 5 * DAYS
        assert ledger.summary() == result.summary
