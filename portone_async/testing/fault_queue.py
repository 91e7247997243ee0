"""The faults that coming requests will meet."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, cycle, repeat
from typing import NamedTuple

from .exchange import Fault
from .guard import guarded

__all__ = ("FaultQueue",)

_GET_TOKEN = "/users/getToken"  # noqa: S105 (a path)


class _Series(NamedTuple):
    """Faults, and the requests that they are for."""

    prefix: str
    method: str | None
    faults: Iterator[Fault]

    def hits(self, method: str, path: str) -> bool:
        if self.method not in (None, method) or not path.startswith(self.prefix):
            return False
        # A fault for look-ups is not spent on the token request before them.
        return path != _GET_TOKEN or self.prefix.startswith("/users")


class FaultQueue:
    """Series of faults, used up in the order of :meth:`add`."""

    def __init__(self) -> None:
        self._series: list[_Series] = []

    @guarded
    def add(
        self, faults: tuple[Fault, ...], *, times: int | None, on: str, method: str | None = None
    ) -> None:
        """Add a series of faults, repeated ``times`` times (``None``: without end)."""
        if not faults:
            raise ValueError("fail() needs a fault")
        if not on.startswith("/"):
            raise ValueError("on is the beginning of a path, as in '/payments/find'")
        if method is not None and not (method.isascii() and method.isupper()):
            raise ValueError("method is an HTTP method in capitals, as in 'POST'")
        series = cycle(faults) if times is None else chain.from_iterable(repeat(faults, times))
        self._series.append(_Series(on, method, series))

    @guarded
    def next_for(self, method: str, path: str) -> Fault | None:
        """Remove and return the fault for a request, or ``None``."""
        for series in self._series:
            if series.hits(method, path):
                fault = next(series.faults, None)
                if fault is not None:
                    return fault
        return None

    @guarded
    def clear(self) -> None:
        self._series.clear()
