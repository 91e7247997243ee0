"""The lock that guards the state of every fake in this process.

A fake answers in a thread of its own while tests change it from theirs. Each change and each
look-up of its state is one step under this lock. No step awaits, and none runs a user's code, so
nothing that holds the lock can wait for another thread. A step takes microseconds; one lock for
all fakes costs nothing, and a fork needs to keep only this one.
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
    # Between two steps, or the child has a lock that no thread of its own will ever release.
    os.register_at_fork(
        before=LOCK.acquire, after_in_parent=LOCK.release, after_in_child=LOCK.release
    )
