"""Text and bytes that do not show in a ``repr``, as in a traceback's local variables."""

from __future__ import annotations

__all__ = ("Secret", "SecretBytes")


class Secret(str):
    """A key, a token, or whatever may hold one."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"


class SecretBytes(bytes):
    """A body: it may hold keys, cards and buyers."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "b'***'"
