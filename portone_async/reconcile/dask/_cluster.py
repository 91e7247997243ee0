"""Connect to a Dask cluster: one of this machine, or a scheduler elsewhere."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    ExitStack,
    asynccontextmanager,
    contextmanager,
)
from typing import Any, Protocol, TypeVar, cast

import dask.config
import distributed
from distributed.diagnostics.plugin import WorkerPlugin

from portone_async._tasks import finish
from portone_async.errors import InvalidRequestError

from ._results import ClusterError

__all__ = ("Connection", "connect")

T = TypeVar("T")


class Connection(Protocol):
    """The members of :class:`distributed.Client` that a run uses, most of which have no types."""

    def submit(
        self,
        function: Callable[..., Coroutine[Any, Any, Any]],
        /,
        *arguments: object,
        key: str,
        pure: bool,
    ) -> Awaitable[Any]: ...
    def nthreads(self) -> Awaitable[dict[str, int]]: ...
    def register_plugin(self, plugin: WorkerPlugin, name: str) -> Awaitable[object]: ...
    def unregister_worker_plugin(self, name: str) -> Awaitable[object]: ...


class _DaskClient(AbstractAsyncContextManager[object], Awaitable[Connection]):
    """A client, which connects when it is awaited."""


@asynccontextmanager
async def connect(
    cluster: str | distributed.Client | None,
    *,
    workers: int,
    at_once: int,
    dashboard_address: str | None,
) -> AsyncGenerator[Connection]:
    """Connect to a scheduler; without one, run workers as processes of this machine.

    A client that was passed stays open: the run has its own connection, whose end cancels the tasks
    of this run and no others.

    Raises:
        ClusterError: The scheduler cannot be reached.
        InvalidRequestError: The client that was passed is not connected.
    """
    async with AsyncExitStack() as stack:
        if cluster is None:
            local = _local_cluster(workers, at_once, dashboard_address)
            options = _address_of(await stack.enter_async_context(local))
        elif isinstance(cluster, str):
            options = {"address": cluster}
        else:
            options = _address_of(cluster)
        make = cast(Callable[..., _DaskClient], distributed.Client)
        client = make(**options, asynchronous=True, set_as_default=False)
        try:
            connection = await stack.enter_async_context(_opened(client, client))
        except OSError as error:
            failure = ClusterError(f"the scheduler cannot be reached ({type(error).__name__})")
        else:
            yield connection
            return
    raise failure


def _address_of(cluster: Any) -> dict[str, Any]:
    """Return the arguments of a new connection to the scheduler of a client or a cluster."""
    if cluster.scheduler is None or cluster.status in ("closed", "closing"):
        raise InvalidRequestError("the client of the cluster is not connected")
    return {"address": cluster.scheduler.address, "security": cluster.security}


@asynccontextmanager
async def _local_cluster(
    workers: int, at_once: int, dashboard_address: str | None
) -> AsyncGenerator[object]:
    """Run a scheduler in this process, and workers in processes of their own."""
    make = cast(Callable[..., AbstractAsyncContextManager[object]], distributed.LocalCluster)
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="portone_async-"))
        settings = {
            "temporary-directory": folder,
            # By default each process samples its stack a hundred times per second, its event loop
            # fifty times, and its memory twice.
            "distributed.worker.profile.enabled": False,
            "distributed.admin.tick.interval": "1s",
            "distributed.admin.system-monitor.interval": "10s",
        }
        stack.enter_context(dask.config.set(settings))
        cluster = make(
            n_workers=workers,
            threads_per_worker=at_once,  # Also the number of coroutines that run at once.
            asynchronous=True,
            dashboard_address=dashboard_address,
            # Dask serves the state of the scheduler over HTTP in any case, by default at a port
            # that is often taken.
            scheduler_kwargs=None if dashboard_address else {"dashboard_address": "127.0.0.1:0"},
            # Its sockets execute what they receive, in processes that have the API keys: other
            # users of this machine must not connect. The certificate is made for this cluster.
            security=True,
            # A partition needs little memory; other programs must not make Dask kill a worker.
            memory_limit=None,
            # The temporary files of a killed worker are deleted with the folder.
            env={"TMPDIR": folder},
        )
        # Once begun, the start of a cluster is finished: Dask could not close a part of it.
        async with _opened(cluster, finish(cluster.__aenter__())):
            try:
                yield cluster
            finally:
                # The workers have nothing left to finish. On a busy machine they take longer to
                # end than Dask waits before it kills them, with a warning for each.
                stack.enter_context(_silenced("distributed.nanny"))


@asynccontextmanager
async def _opened(
    manager: AbstractAsyncContextManager[object], start: Awaitable[T]
) -> AsyncGenerator[T]:
    """Start a client or a cluster of Dask, and close it, also if cancelled meanwhile.

    Their ``async with`` closes nothing if it is cancelled while it starts: workers would stay.
    """
    try:
        yield await start
    except BaseException as error:
        await finish(manager.__aexit__(type(error), error, error.__traceback__))
        raise
    await finish(manager.__aexit__(None, None, None))


@contextmanager
def _silenced(name: str) -> Generator[None]:
    log = logging.getLogger(name)
    level = log.level
    log.setLevel(logging.ERROR)
    try:
        yield
    finally:
        log.setLevel(level)
