"""The client of the fixture ``portone_client``, for an event loop that is not known beforehand."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from portone_async.policy import RetryPolicy

if TYPE_CHECKING:
    from portone_async.client import PortOneClient

    from .server import FakePortOne

__all__ = ("close_client", "new_client")

# Closing takes milliseconds, unless the thread of the client's loop is stuck.
_CLOSING_SECONDS = 10.0


def new_client(server: FakePortOne) -> PortOneClient:
    """Make a client that retries at once and is not throttled."""
    # asyncio.run() may close the loop before the client. Kept connections could then not be closed,
    # and asyncio would warn of each.
    server._keeps_connections = False
    retry = RetryPolicy(backoff_initial=0.0, backoff_max=0.0)
    return server.client(retry=retry, rate_limit=None)


def close_client(client: PortOneClient) -> None:
    """Close a client from outside of its loop, whether that runs, rests or is closed."""
    loop = client._shared.transport._owner.loop
    if loop is None or loop.is_closed():
        # Not asyncio.run(), which would take away the event loop that a test has set.
        with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
            runner.run(client.close())
    elif loop.is_running():
        asyncio.run_coroutine_threadsafe(client.close(), loop).result(_CLOSING_SECONDS)
    else:
        loop.run_until_complete(client.close())
