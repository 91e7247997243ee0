"""Responses with many records: the readable ones, and apart from them the unreadable ones."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from types import UnionType
from typing import Annotated, Any, Generic, TypeVar, get_args, get_origin

from msgspec import Struct

from ._record import NEVER_SENT
from ._unreadable import UnreadableRecord

__all__ = ("UNKNOWN", "Listing", "Page", "PageOrArray", "from_wire", "kinds_of", "wire_types")

UNKNOWN = -1
"""The total of an array, which tells none."""

R = TypeVar("R", bound=Struct)
U = TypeVar("U", bound=UnreadableRecord)


class Page(Struct, Generic[R, U], frozen=True):
    """One page of a list: PortOne's ``{"total", "next", "list"}``."""

    total: int
    next: int | bool | None
    """The number of the next page; 0 (or false, or null) when there is none."""
    list: tuple[R, ...]
    """The records that can be read."""
    unreadable: Annotated[tuple[U, ...], NEVER_SENT] = ()
    """The others. ``total`` includes them."""


class Listing(Struct, Generic[R, U], frozen=True):
    """A list without pages: it travels as a bare array (see :func:`wire_types`)."""

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


def wire_types(response: Any) -> tuple[Any, ...]:
    """Return the types that a response is decoded as, in the order in which they are tried.

    A :class:`Listing` travels as an array. A page or listing of ``A | B`` has records of one kind
    only: ``A`` if all of them are of that kind.
    """
    record, *others = get_args(response) or (None,)
    if get_origin(response) is Listing:
        return tuple(tuple[kind, ...] for kind in kinds_of(record))  # type: ignore[valid-type]  # the type exists only at run time
    if get_origin(response) is PageOrArray:
        return (Page[get_args(response)] | tuple[record, ...],)  # type: ignore[misc,valid-type]  # the type exists only at run time
    if get_origin(response) is Page:
        page: Any = Page
        return tuple(page[(kind, *others)] for kind in kinds_of(record))
    return (response,)


def kinds_of(record: Any) -> tuple[Any, ...]:
    """Return the kinds of records: ``A`` and ``B`` of ``A | B``, or ``A`` alone."""
    return get_args(record) if isinstance(record, UnionType) else (record,)


def from_wire(response: Any, answer: Any) -> Any:
    """Return what was decoded as one of :func:`wire_types` as the type of the response."""
    convert = _conversion(response)
    return answer if convert is None else convert(answer)


@lru_cache(maxsize=256)
def _conversion(response: Any) -> Callable[[Any], Any] | None:
    if get_origin(response) is Listing:
        return response  # type: ignore[no-any-return]  # a class, called with its list
    return PageOrArray[Any, Any].of if get_origin(response) is PageOrArray else None
