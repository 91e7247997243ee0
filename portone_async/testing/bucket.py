"""The rate limit that a gateway in front of PortOne would set."""

from __future__ import annotations

import math

from .clock import Clock
from .guard import guarded

__all__ = ("Bucket",)


class Bucket:
    """A token bucket: ``burst`` requests at once, then ``rate`` a second."""

    def __init__(self, clock: Clock, rate: float, burst: int) -> None:
        if not (rate > 0 and burst >= 1):
            raise ValueError("rate_limit needs a rate above 0 and a burst of at least 1")
        self.rate = rate
        self.burst = burst
        self._clock = clock
        self._level = float(burst)
        self._filled_at = clock.now

    @guarded
    def take(self) -> int | None:
        """Take one permit and return ``None``, or the whole seconds until there is one."""
        now = self._clock.now
        # The clock may have been moved back, which removes no permits.
        self._level += max(0.0, now - self._filled_at) * self.rate
        self._level = min(float(self.burst), self._level)
        self._filled_at = now
        if self._level >= 1:
            self._level -= 1
            return None
        return math.ceil((1 - self._level) / self.rate)
