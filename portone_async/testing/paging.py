"""Lists in pages, as PortOne sends them, and the numbers in their queries."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from .parameters import BadParameterError
from .reply import Reply, encoded_envelope

__all__ = ("RequestedPage", "number_in")

LARGEST_PAGE = 1000
_NUMBER = re.compile(r"[0-9]{1,12}")


class RequestedPage(Struct, frozen=True):
    """The requested part of a list."""

    number: int
    limit: int

    @classmethod
    def of(cls, query: Mapping[str, str], *, default_limit: int = 20) -> RequestedPage:
        """Read ``page`` and ``limit``.

        Raises:
            BadParameterError: One is not a number, or out of bounds.
        """
        page = cls(number_in(query, "page", 1), number_in(query, "limit", default_limit))
        if not (page.number >= 1 and 1 <= page.limit <= LARGEST_PAGE):
            raise BadParameterError("page, limit 파라메터가 올바르지 않습니다.")
        return page

    @property
    def bounds(self) -> slice:
        """The part of all entries that this page has."""
        return slice((self.number - 1) * self.limit, self.number * self.limit)

    def slice_of(self, entries: Sequence[Any]) -> Sequence[Any]:
        """Return the entries on this page."""
        return entries[self.bounds]

    def reply(self, bodies: bytes, total: int) -> Reply:
        """Build a page, in which page 0 means "no such page".

        Args:
            bodies: The JSON array of its entries.
            total: The number of all entries.
        """
        after = self.number + 1 if self.number * self.limit < total else 0
        numbers = b'"next":%d,"previous":%d,"total":%d' % (after, self.number - 1, total)
        return encoded_envelope(b'{"list":%b,%b}' % (bodies, numbers))


def number_in(query: Mapping[str, str], name: str, default: int | None = None) -> int:
    """Read a number of a query.

    Raises:
        BadParameterError: It is not a number, or it is missing and has no default.
    """
    if name not in query and default is not None:
        return default
    if not _NUMBER.fullmatch(query.get(name, "")):
        raise BadParameterError(f"{name} 파라메터가 올바르지 않습니다.")
    return int(query[name])
