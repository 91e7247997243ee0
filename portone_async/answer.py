"""The response of a call together with the status and the headers of its HTTP reply."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

from msgspec import Struct

__all__ = ("Answer", "Headers", "ReplyInfo")

T = TypeVar("T")


class Headers(Mapping[str, str]):
    """The headers of a reply: a mapping that is read-only, and finds names in any case.

    Headers that may contain a token, an address or a cookie are left out, and keys and tokens in
    the others are redacted. The ``repr`` has names only.
    """

    __slots__ = ("_pairs",)

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._pairs = {name.lower(): (name, value) for name, value in headers.items()}

    def __getitem__(self, name: str) -> str:
        return self._pairs[name.lower()][1]

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._pairs.values())

    def __len__(self) -> int:
        return len(self._pairs)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Headers):
            return NotImplemented
        return self._values() == other._values()

    def __hash__(self) -> int:
        return hash(frozenset(self._values().items()))

    def __reduce__(self) -> tuple[type[Headers], tuple[dict[str, str]]]:
        return Headers, (dict(self),)

    def __repr__(self) -> str:
        return f"<Headers {', '.join(self)}>"

    def _values(self) -> dict[str, str]:
        return {name: value for name, (_, value) in self._pairs.items()}


class ReplyInfo(Struct, frozen=True, kw_only=True):
    """The HTTP reply to one attempt of a call, without its body."""

    status: int
    """The HTTP status."""
    headers: Headers
    """Its headers, as in ``headers["Date"]``: for PortOne's support, or the rate that it reports."""
    elapsed: float
    """Seconds from the permit to the whole reply, as :attr:`Attempt.elapsed`."""


class Answer(Struct, Generic[T], frozen=True):
    """The response of a call, and its reply: what ``client.call(call, with_reply=True)`` returns."""

    value: T
    """The decoded response: what ``client.call(call)`` returns."""
    reply: ReplyInfo
    """The reply to the last attempt."""

    def __repr__(self) -> str:
        # A response may be secret or about a person.
        return f"Answer({type(self.value).__name__}, {self.reply!r})"

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("value", type(self.value)), ("reply", self.reply)]
