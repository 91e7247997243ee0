"""Answers that hold many payments, with those of them that cannot be read set apart."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct

from portone_async._redact import shown
from portone_async.call import Call
from portone_async.errors import UnexpectedResponseError

from . import Payment, UnreadablePayment

__all__ = ("Listing", "Page", "unreadable_error")

# An error is one line of a log; its attribute `unreadable` has all of them.
_NAMED = 5
# No reply can fill it: a member of this name that is not an empty list does not decode.
_Unreadable = Annotated[tuple[UnreadablePayment, ...], Meta(max_length=0)]


class Page(Struct, frozen=True):
    """One page of a list of payments."""

    total: int
    next: int | bool
    """The number of the next page; 0 (or false) when there is none."""
    list: tuple[Payment, ...]
    """The payments that can be read."""
    unreadable: _Unreadable = ()
    """The others. ``total`` counts them, too."""


class Listing(Struct, frozen=True):
    """What ``GET /payments`` lists. It travels as an array: see ``_salvage.wire_type``."""

    payments: tuple[Payment, ...] = ()
    """The payments that can be read."""
    unreadable: _Unreadable = ()
    """The others."""


def unreadable_error(
    unreadable: Sequence[UnreadablePayment], call: Call[Any] | None = None
) -> UnexpectedResponseError:
    """Make the error that names payments which cannot be read, and the call that gave them."""
    named = "; ".join(shown(str(each)) for each in unreadable[:_NAMED])
    more = len(unreadable) - _NAMED
    count = "a payment" if len(unreadable) == 1 else f"{len(unreadable)} payments"
    error = UnexpectedResponseError(
        f"PortOne sent {count} that cannot be read: {named}{f'; and {more} more' if more > 0 else ''}"
    )
    error.unreadable = tuple(unreadable)
    if call is not None:
        error.endpoint, error.identifiers = call.endpoint, call.identifiers
    return error
