"""Records that cannot be read: the response has one, but a field of it has an unexpected type."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import msgspec
from msgspec import Struct

from portone_async._redact import printable
from portone_async.errors import UnexpectedResponseError

__all__ = ("UnreadableRecord", "unreadable_error")

# An error is one line of a log; its attribute `unreadable` has all of them.
_MOST_NAMED = 5


class UnreadableRecord(Struct, frozen=True, kw_only=True):
    """A record that cannot be read: one of its strict fields has an unexpected type.

    The fields of a subclass are the record's identifiers, ``None`` where one cannot be read.
    """

    noun: ClassVar[str] = "record"
    """The noun for such a record in messages."""

    path: str
    """The first strict field that cannot be read, as in ``$.amount``."""
    reason: str
    """The expected type. Never the received value."""

    @classmethod
    def identifier_names(cls) -> tuple[str, ...]:
        """List the names of the identifiers."""
        fields = msgspec.structs.fields(cls)
        return tuple(field.name for field in fields if field.name not in ("path", "reason"))

    @property
    def identifiers(self) -> dict[str, str | None]:
        """The identifiers; ``None`` for one that cannot be read either."""
        return {name: getattr(self, name) for name in self.identifier_names()}

    def __str__(self) -> str:
        names = ", ".join(f"{name}={uid!r}" for name, uid in self.identifiers.items())
        return f"{names} at {self.path}: {self.reason}".lstrip()


def unreadable_error(unreadable: Sequence[UnreadableRecord]) -> UnexpectedResponseError:
    """Return the error that names unreadable records."""
    named = "; ".join(printable(str(record)) for record in unreadable[:_MOST_NAMED])
    more = len(unreadable) - _MOST_NAMED
    noun = unreadable[0].noun
    count = f"a {noun}" if len(unreadable) == 1 else f"{len(unreadable)} {noun}s"
    error = UnexpectedResponseError(
        f"PortOne sent {count} that cannot be read: {named}{f'; and {more} more' if more > 0 else ''}"
    )
    error.unreadable = tuple(unreadable)
    return error
