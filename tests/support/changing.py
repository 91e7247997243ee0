"""Faults that only requests that change something meet."""

from __future__ import annotations

from collections import deque

from portone_async.testing import Exchange, Fault, Reply

__all__ = ("FaultsOfChanges",)


class FaultsOfChanges:
    """Lets POST, PUT and DELETE requests meet one fault each, in order; a GET is answered."""

    def __init__(self, *faults: Fault) -> None:
        self._faults = deque(faults)

    async def meet(self, exchange: Exchange) -> Reply | None:
        if exchange.request.method == "GET" or not self._faults:
            return exchange.reply()
        return await self._faults.popleft().meet(exchange)
