"""Responses with many records: the readable ones, and apart from them the unreadable ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin

from msgspec import Struct

from ._record import NEVER_SENT, ResponseRecord
from ._unreadable import UnreadableRecord

__all__ = ("UNKNOWN", "Listing", "Page", "PageOrArray", "from_wire", "wire_type")

UNKNOWN = -1
"""The total of an array, which tells none."""

R = TypeVar("R", bound=ResponseRecord)
U = TypeVar("U", bound=UnreadableRecord)


class Page(Struct, Generic[R, U], frozen=True):
    """One page of a list: PortOne's ``{"total", "next", "list"}``."""

    total: int
    next: int | bool
    """The number of the next page; 0 (or false) when there is none."""
    list: tuple[R, ...]
    """The records that can be read."""
    unreadable: Annotated[tuple[U, ...], NEVER_SENT] = ()
    """The others. ``total`` includes them."""


class Listing(Struct, Generic[R, U], frozen=True):
    """A list without pages: it travels as a bare array (see :func:`wire_type`)."""

    list: tuple[R, ...] = ()
    """The records that can be read."""
    unreadable: Annotated[tuple[U, ...], NEVER_SENT] = ()
    """The others."""


class PageOrArray(Page[R, U], Generic[R, U], frozen=True):
    """A page that PortOne may send as a bare array, too: then its :attr:`total` is ``UNKNOWN``."""

    @classmethod
    def of(cls, answer: Page[R, U] | tuple[R, ...] | Listing[R, U]) -> PageOrArray[R, U]:
        """Return either form as this one."""
        if isinstance(answer, Page):
            return cls(answer.total, answer.next, answer.list, answer.unreadable)
        if isinstance(answer, Listing):
            return cls(UNKNOWN, 0, answer.list, answer.unreadable)
        return cls(UNKNOWN, 0, answer)


def wire_type(response: Any) -> Any:
    """Return the type that a response is decoded as: a :class:`Listing` travels as an array."""
    record = next(iter(get_args(response)), None)
    if get_origin(response) is Listing:
        return tuple[record, ...]  # type: ignore[valid-type]  # the type exists only at run time
    if get_origin(response) is PageOrArray:
        return Page[get_args(response)] | tuple[record, ...]  # type: ignore[misc,valid-type]  # the type exists only at run time
    return response


def from_wire(response: Any, answer: Any) -> Any:
    """Return what was decoded as :func:`wire_type` as the type of the response."""
    convert = _conversion(response)
    return answer if convert is None else convert(answer)


@lru_cache(maxsize=256)
def _conversion(response: Any) -> Callable[[Any], Any] | None:
    if get_origin(response) is Listing:
        return response  # type: ignore[no-any-return]  # a class, called with its list
    return PageOrArray[Any, Any].of if get_origin(response) is PageOrArray else None
