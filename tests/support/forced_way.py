"""Make every client take one way of an exchange, and count the exchanges of each way."""

from __future__ import annotations

import atexit
import os
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Generator
from contextlib import ExitStack, contextmanager
from typing import Any, Literal
from unittest.mock import patch

from portone_async._http import transport
from portone_async._http.direct import Direct
from portone_async._http.session import ThroughSession

__all__ = ("WAYS", "Way", "counted", "force", "forced", "script_prelude")

Way = Literal["direct", "session"]
WAYS: tuple[Way, ...] = ("direct", "session")
_CLASSES: dict[Way, type[Any]] = {"direct": Direct, "session": ThroughSession}

_current: list[tuple[Way, Counter[Way]]] = []


@contextmanager
def counted() -> Generator[Counter[Way]]:
    """Yield the number of exchanges of each way inside the block."""
    exchanges: Counter[Way] = Counter()
    with ExitStack() as stack:
        available = _uncounted(exchanges)
        stack.enter_context(patch.object(transport, "direct_is_available", available))
        for way, kind in _CLASSES.items():
            exchange = _counted(kind.exchange, way, exchanges)
            stack.enter_context(patch.object(kind, "exchange", exchange))
        yield exchanges


@contextmanager
def forced(way: Way) -> Generator[Counter[Way]]:
    """Make clients take a way inside the block, and count as :func:`counted` does."""
    with counted() as exchanges, ExitStack() as stack:
        if way == "session":
            stack.enter_context(patch.object(transport, "direct_is_available", _is_not_available))
        _current.append((way, exchanges))
        stack.callback(_current.pop)
        yield exchanges


def _is_not_available(*_: object) -> bool:
    return False


def _uncounted(exchanges: Counter[Way]) -> Callable[..., bool]:
    # Of the module that calls it, which imports it and does not export it.
    original: Callable[..., bool] = vars(transport)["direct_is_available"]

    def is_available(*args: Any) -> bool:
        count = exchanges["direct"]
        try:
            return original(*args)
        finally:
            exchanges["direct"] = count  # It may have tried some in memory.

    return is_available


def _counted(
    exchange: Callable[..., Awaitable[Any]], way: Way, exchanges: Counter[Way]
) -> Callable[..., Awaitable[Any]]:
    # Not a coroutine function: it would add a frame in which a call waits.
    def counted(*args: Any, **options: Any) -> Awaitable[Any]:
        exchanges[way] += 1
        return exchange(*args, **options)

    return counted


def force(way: Way) -> None:
    """Make the clients of this process take a way; if not all exchanges did, exit with 70."""
    exchanges = _process.enter_context(forced(way))

    def check() -> None:
        if set(+exchanges) != {way}:
            sys.stderr.write(f"exchanges of each way: {dict(exchanges)}\n")
            sys.stderr.flush()
            os._exit(70)

    atexit.register(check)


_process = ExitStack()


def script_prelude() -> str:
    """Return the lines that make a script take the way of the current test.

    The script checks its exchanges itself, so this counts as one.
    """
    if not _current:
        return ""
    way, exchanges = _current[-1]
    exchanges[way] += 1
    return f"from tests.support.forced_way import force\nforce({way!r})\n"
