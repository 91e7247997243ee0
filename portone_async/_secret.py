"""Text and bytes that do not show in a ``repr``, as in a traceback's local variables."""

from __future__ import annotations

from typing import Any, Self, SupportsIndex, overload

__all__ = ("Secret", "SecretBytes")


class Secret(str):
    """A key, a token, or whatever may hold one."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "'***'"

    def __getitem__(self, key: SupportsIndex | slice[Any, Any, Any]) -> Self:
        # A traceback may be cut before it is quoted.
        return type(self)(super().__getitem__(key))


class SecretBytes(bytes):
    """A body: it may hold keys, cards and buyers."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "b'***'"

    @overload
    def __getitem__(self, key: SupportsIndex, /) -> int: ...
    @overload
    def __getitem__(self, key: slice[Any, Any, Any], /) -> Self: ...
    def __getitem__(self, key: SupportsIndex | slice[Any, Any, Any], /) -> int | Self:
        if isinstance(key, slice):
            return type(self)(super().__getitem__(key))
        return super().__getitem__(key)
