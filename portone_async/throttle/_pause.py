"""The pause that a server requests: until then no permit is granted."""

from __future__ import annotations

import asyncio

__all__ = ("Pause",)


class Pause:
    """A time on the loop's clock before which nothing may start. Overlapping pauses do not add up."""

    __slots__ = ("ends_at",)

    def __init__(self) -> None:
        self.ends_at = 0.0
        """The end of the pause, on the loop's clock; 0 or a time in the past without one."""

    def is_active(self) -> bool:
        """Return whether the pause still lasts."""
        # Most programs never meet a pause, and need not read the clock.
        return self.ends_at > 0.0 and self.ends_at > asyncio.get_running_loop().time()

    def extend(self, seconds: float) -> None:
        """Pause for at least ``seconds`` from now."""
        self.ends_at = max(self.ends_at, asyncio.get_running_loop().time() + seconds)

    async def wait(self) -> None:
        """Wait until the pause is over."""
        # The pause may have been extended while this slept.
        while self.is_active():  # noqa: ASYNC110 (the end is known: there is no event to wait for)
            await asyncio.sleep(self.ends_at - asyncio.get_running_loop().time())
