"""The client of the fixture ``portone_client``, for an event loop that is not known beforehand."""

from __future__ import annotations

import asyncio

import pytest

from portone_async.client import PortOneClient
from portone_async.policy import RetryPolicy

from .server import FakePortOne

__all__ = ("close_client", "new_client", "refuse_trio")

# Closing takes milliseconds, unless the thread of the client's loop is blocked.
_CLOSE_TIMEOUT = 10.0
_NO_TRIO = (
    "portone_client needs an event loop of asyncio, and this test runs on trio: run it on asyncio "
    "(with anyio's plugin, define a fixture anyio_backend that returns 'asyncio'). "
    "portone_server works in tests of any kind."
)


def refuse_trio(request: pytest.FixtureRequest) -> None:
    """Fail a test that runs on trio."""
    if _runs_on_trio(request):
        pytest.fail(_NO_TRIO, pytrace=False)


def _runs_on_trio(request: pytest.FixtureRequest) -> bool:
    if request.node.get_closest_marker("trio") is not None:
        return True
    if request.node.get_closest_marker("asyncio") is not None:
        return False  # pytest-asyncio runs it, whatever the backend of anyio's plugin
    if "anyio_backend" not in request.fixturenames:
        return False
    name: str = request.getfixturevalue("anyio_backend_name")
    return name == "trio"


def new_client(server: FakePortOne) -> PortOneClient:
    """Create a client that retries without waiting and is not throttled."""
    # asyncio.run() may close the loop before the client. Open connections could then not be
    # closed, and asyncio would warn about each.
    server.keep_alive = False
    retry = RetryPolicy(backoff_initial=0.0, backoff_max=0.0)
    return server.client(retry=retry, rate_limit=None)


def close_client(client: PortOneClient) -> None:
    """Close a client from outside of its loop, whether that is running, stopped or closed."""
    loop = client._state.transport._owner.loop
    if loop is None or loop.is_closed():
        # Not asyncio.run(), which would remove the event loop that a test has set.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(client.close())
    elif loop.is_running():
        asyncio.run_coroutine_threadsafe(client.close(), loop).result(_CLOSE_TIMEOUT)
    else:
        loop.run_until_complete(client.close())
