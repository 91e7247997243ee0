"""The base class of objects that a request carries, such as the items of a list."""

from __future__ import annotations

from typing import Any, ClassVar

from msgspec import Struct

__all__ = ("Item",)


class Item(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An object in the body of a request. A field that is ``None`` is not sent."""

    shown: ClassVar[tuple[str, ...]] = ()
    """The fields that ``repr`` prints: none that may be secret or about a person."""

    def __repr__(self) -> str:
        fields = ", ".join(f"{name}={value!r}" for name, value in self.__rich_repr__())
        return f"{type(self).__name__}({fields})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [(name, getattr(self, name)) for name in self.shown]
