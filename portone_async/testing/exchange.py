"""One request and its reply, as a fault handles them."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from collections.abc import Callable
from typing import Protocol

from . import application
from .account import Account
from .reply import Reply
from .request import RecordedRequest

__all__ = ("Exchange", "Fault")


class Exchange:
    """A request to the fake and the connection that it came on."""

    def __init__(
        self, account: Account, request: RecordedRequest, transport: asyncio.Transport
    ) -> None:
        self.account = account
        """The state of the fake: ``tokens``, ``clock``, and that of each section by ``state()``.

        It is the agency's account, whichever Tier the request names; see ``account.tier()``.
        """
        self.request = request
        self._transport = transport

    def reply(self) -> Reply:
        """Return the reply that PortOne would send without the fault."""
        return application.respond(self.account, self.request)

    def accept(self) -> Callable[[], Reply]:
        """Do all but the operation itself, such as the check of the token.

        The function that it returns carries the operation out, once for each call.
        """
        return application.accept(self.account, self.request)

    def reset(self) -> None:
        """Break the connection at once (RST)."""
        connection = self._transport.get_extra_info("socket")
        # Lingering for 0 seconds turns a close into a reset.
        linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._transport.abort()


class Fault(Protocol):
    """The protocol of faults. Write your own class where the built-in ones are not enough.

    For example, a reply that takes twice as long each time:

    ```python
    class SlowerAndSlower:
        seconds = 0.1

        async def meet(self, exchange: Exchange) -> Reply | None:
            self.seconds *= 2
            await asyncio.sleep(self.seconds)
            return exchange.reply()
    ```
    """

    async def meet(self, exchange: Exchange, /) -> Reply | None:
        """Return the reply to send, or ``None`` to close the connection without one.

        It runs in the event loop of the server's thread, not of the test. To signal the test, use
        what is safe between threads (``threading.Event``, ``queue.Queue``, not asyncio's). Never
        block: other requests would wait. It may await as long as it likes, and is cancelled when
        the server or the connection closes. An exception becomes a 500 and is raised when the
        server closes; see :attr:`FakePortOne.errors`.
        """
        ...
