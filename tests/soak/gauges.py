"""What the client's process holds: memory, descriptors, tasks."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from msgspec import Struct

__all__ = ("Gauge", "gauge", "growth")

_STATM = Path("/proc/self/statm")
_DESCRIPTORS = Path("/proc/self/fd")
WARM_UP = 0.3
"""The share of a run in which caches, pools and the allocator take what they keep."""


class Gauge(Struct, frozen=True):
    """One look at this process."""

    rss: float
    """Megabytes (10 ** 6) in memory; 0 where there is no ``/proc``, as are the descriptors."""
    descriptors: int
    tasks: int


def gauge() -> Gauge:
    """Look at this process now."""
    rss = descriptors = 0
    if _STATM.exists():
        rss = int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        # The one that lists them is among them.
        descriptors = sum(1 for _ in _DESCRIPTORS.iterdir()) - 1
    return Gauge(rss / 1e6, descriptors, len(asyncio.all_tasks()))


def growth(samples: Sequence[float]) -> float:
    """By how much something grew after the warm-up.

    The median of the last third of what was seen then, less that of the first.
    """
    warm = samples[int(len(samples) * WARM_UP) :]
    third = len(warm) // 3
    if not third:
        return 0.0
    return median(warm[-third:]) - median(warm[:third])
