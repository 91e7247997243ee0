"""The clock of a fake."""

from __future__ import annotations

from time import monotonic, time

from .guard import guarded

__all__ = ("Clock",)


class Clock:
    """Real time plus an offset, which a test moves instead of sleeping."""

    def __init__(self, now: float | None = None) -> None:
        # Monotonic, so that an adjustment of the machine's clock cannot expire a token.
        self._offset = (time() if now is None else now) - monotonic()

    @property
    def now(self) -> float:
        """Unix seconds."""
        return monotonic() + self._offset

    @guarded
    def advance(self, seconds: float) -> None:
        self._offset += seconds
