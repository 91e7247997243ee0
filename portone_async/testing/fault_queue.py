"""The faults that coming requests will meet."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, cycle, repeat

from .exchange import Fault
from .guard import guarded

__all__ = ("FaultQueue",)

_GET_TOKEN = "/users"  # noqa: S105 (a path)


class FaultQueue:
    """Series of faults, used up in the order of :meth:`add`."""

    def __init__(self) -> None:
        self._series: list[tuple[str, Iterator[Fault]]] = []

    @guarded
    def add(self, faults: tuple[Fault, ...], *, times: int | None, on: str) -> None:
        """Add a series of faults, repeated ``times`` times (``None``: without end)."""
        if not faults:
            raise ValueError("fail() needs a fault")
        if not on.startswith("/"):
            raise ValueError("on is the beginning of a path, as in '/payments/find'")
        series = cycle(faults) if times is None else chain.from_iterable(repeat(faults, times))
        self._series.append((on, series))

    @guarded
    def next_for(self, path: str) -> Fault | None:
        """Remove and return the fault for a request, or ``None``."""
        for prefix, series in self._series:
            # A fault for look-ups is not spent on the token request before them.
            if path.startswith(prefix) and (
                not path.startswith(_GET_TOKEN) or prefix.startswith(_GET_TOKEN)
            ):
                fault = next(series, None)
                if fault is not None:
                    return fault
        return None

    @guarded
    def clear(self) -> None:
        self._series.clear()
