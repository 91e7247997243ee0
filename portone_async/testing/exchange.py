"""One request on its way to an answer, as a fault meets it."""

from __future__ import annotations

import asyncio
import socket
import struct
import sys
from typing import Protocol

from . import application
from .answer import Answer
from .received import RecordedRequest
from .shop import Shop

__all__ = ("Exchange", "Fault")


class Exchange:
    """What a fault may look at and do."""

    def __init__(self, shop: Shop, received: RecordedRequest, transport: asyncio.Transport) -> None:
        self.shop = shop
        """The state of the fake: ``payments``, ``tokens``, ``clock``."""
        self.received = received
        self._transport = transport

    def answer(self) -> Answer:
        """What the request would have been answered without the fault."""
        return application.answer(self.shop, self.received)

    def reset(self) -> None:
        """Break the connection at once (RST)."""
        connection = self._transport.get_extra_info("socket")
        # Lingering for 0 seconds is how a close becomes a reset.
        linger = struct.pack("hh" if sys.platform == "win32" else "ii", 1, 0)
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self._transport.abort()


class Fault(Protocol):
    """Anything with this method is a fault: write your own where the ready ones do not do.

    For example, an answer that comes twice as late each time:

    ```python
    class SlowerAndSlower:
        seconds = 0.1

        async def meet(self, exchange: Exchange) -> Answer | None:
            self.seconds *= 2
            await asyncio.sleep(self.seconds)
            return exchange.answer()
    ```
    """

    async def meet(self, exchange: Exchange, /) -> Answer | None:
        """What to send instead of ``exchange.answer()``; ``None`` closes without an answer.

        It runs in the event loop of the server's thread, not of the test. So use what is safe
        between threads to signal the test (``threading.Event``, ``queue.Queue``, not those of
        asyncio), and never block: other requests would wait. It may await as long as it likes: it
        is cancelled when the server or the connection closes. An error that it raises is answered
        with 500 and raised when the server closes; see :attr:`FakePortOne.errors`.
        """
        ...
