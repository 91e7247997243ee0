"""Responses with many records: the readable ones, and apart from them the unreadable ones."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from msgspec import Struct

from ._record import NEVER_SENT, ResponseRecord
from ._unreadable import UnreadableRecord

__all__ = ("Listing", "Page")

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
    """A list without pages: it travels as a bare array (see ``_salvage.wire_type``)."""

    list: tuple[R, ...] = ()
    """The records that can be read."""
    unreadable: Annotated[tuple[U, ...], NEVER_SENT] = ()
    """The others."""
