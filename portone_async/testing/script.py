"""Which request meets which fault."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain, cycle, repeat

from .exchange import Fault
from .guard import guarded

__all__ = ("Script",)

_GET_TOKEN = "/users"  # noqa: S105 (a path)


class Script:
    """Faults in waiting, in the order of :meth:`add`."""

    def __init__(self) -> None:
        self._scenes: list[tuple[str, Iterator[Fault]]] = []

    @guarded
    def add(self, faults: tuple[Fault, ...], *, times: int | None, on: str) -> None:
        """Play ``faults`` one after another, ``times`` times over (``None``: for ever)."""
        if not faults:
            raise ValueError("fail() needs a fault")
        if not on.startswith("/"):
            raise ValueError("on is the beginning of a path, as in '/payments/find'")
        scene = cycle(faults) if times is None else chain.from_iterable(repeat(faults, times))
        self._scenes.append((on, scene))

    @guarded
    def fault_for(self, path: str) -> Fault | None:
        for on, scene in self._scenes:
            # A look-up's fault is not to be spent on the token that it needs first.
            if path.startswith(on) and (
                not path.startswith(_GET_TOKEN) or on.startswith(_GET_TOKEN)
            ):
                fault = next(scene, None)
                if fault is not None:
                    return fault
        return None

    @guarded
    def clear(self) -> None:
        self._scenes.clear()
