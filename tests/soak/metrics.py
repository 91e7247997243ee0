"""Memory, descriptors and tasks of the client's process."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from msgspec import Struct

__all__ = ("Metrics", "growth", "measure")

_STATM = Path("/proc/self/statm")
_DESCRIPTORS = Path("/proc/self/fd")
WARM_UP = 0.3
"""The share of a run after which caches, pools and the allocator have reached their size."""


class Metrics(Struct, frozen=True):
    """Resources that this process uses at one moment."""

    rss: float
    """Megabytes (10 ** 6); 0 without ``/proc``, as are the descriptors."""
    descriptors: int
    tasks: int


def measure() -> Metrics:
    """Measure this process now."""
    rss = descriptors = 0
    if _STATM.exists():
        rss = int(_STATM.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        # Listing them opens one more.
        descriptors = sum(1 for _ in _DESCRIPTORS.iterdir()) - 1
    return Metrics(rss / 1e6, descriptors, len(asyncio.all_tasks()))


def growth(samples: Sequence[float]) -> float:
    """Return the growth after the warm-up: median of the last third less that of the first."""
    warm = samples[int(len(samples) * WARM_UP) :]
    third = len(warm) // 3
    if not third:
        return 0.0
    return median(warm[-third:]) - median(warm[:third])
