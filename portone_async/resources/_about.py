"""Name the call that an error is about, and its identifiers. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any, TypeVar

from portone_async.call import Call
from portone_async.errors import PortOneError

__all__ = ("about", "several")

E = TypeVar("E", bound=PortOneError)

_FIRST = 3


def about(call: Call[Any], error: E) -> E:
    """Return an error after naming the call in it.

    The client names the call in the errors that it raises; this is for those that a resource makes.
    """
    error.endpoint, error.identifiers = call.endpoint, call.identifiers
    error.advice = call.advice_for(error)
    return error


def several(uids: Iterable[str]) -> str:
    """Return identifiers of one kind as a text: the first three, and the number of the others."""
    rest = iter(uids)
    first = ", ".join(islice(rest, _FIRST))
    others = sum(1 for _ in rest)
    return f"{first} and {others} more" if others else first
