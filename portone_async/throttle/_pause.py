"""The pause that a server requests: until then no permit is granted."""

from __future__ import annotations

import asyncio

__all__ = ("Pause",)


class Pause:
    """A time on the loop's clock before which nothing may start. Overlapping pauses do not add up."""

    __slots__ = ("_until",)

    def __init__(self) -> None:
        self._until = 0.0

    def is_active(self) -> bool:
        """Return whether the pause still lasts."""
        # Most programs never meet a pause, and need not read the clock.
        return self._until > 0.0 and self._until > asyncio.get_running_loop().time()

    def extend(self, seconds: float) -> None:
        """Pause for at least ``seconds`` from now."""
        self._until = max(self._until, asyncio.get_running_loop().time() + seconds)

    async def wait(self) -> None:
        """Wait until the pause is over."""
        # The pause may have been extended while this slept.
        while self.is_active():  # noqa: ASYNC110 (the end is known: there is no event to wait for)
            await asyncio.sleep(self._until - asyncio.get_running_loop().time())
