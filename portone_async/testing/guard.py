"""The lock that guards the state of every fake in this process.

A fake serves from its own thread while tests change it from theirs. Each change and each
look-up of its state is one step under this lock. No step awaits or runs a user's code, so a holder
of the lock never waits for another thread. A step takes microseconds, so one lock for all fakes is
enough, and a fork has to keep only this one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from functools import wraps
from threading import RLock
from typing import ParamSpec, TypeVar

__all__ = ("LOCK", "guarded")

P = ParamSpec("P")
R = TypeVar("R")

LOCK = RLock()


def guarded(method: Callable[P, R]) -> Callable[P, R]:
    """Run a method under :data:`LOCK`."""

    @wraps(method)
    def with_lock(*args: P.args, **kwargs: P.kwargs) -> R:
        with LOCK:
            return method(*args, **kwargs)

    return with_lock


if sys.platform != "win32":
    # Fork between two steps: no thread of the child would release a lock that is held.
    os.register_at_fork(
        before=LOCK.acquire, after_in_parent=LOCK.release, after_in_child=LOCK.release
    )
