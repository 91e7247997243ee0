"""The base of the sections."""

from __future__ import annotations

from ._engine import Engine

__all__ = ("Section",)


class Section:
    """A section of the API: each method runs the one of the asynchronous client."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
