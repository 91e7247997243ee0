"""Name the call that an error is about. Pure."""

from __future__ import annotations

from typing import Any, TypeVar

from portone_async.call import Call
from portone_async.errors import PortOneError

__all__ = ("about",)

E = TypeVar("E", bound=PortOneError)


def about(call: Call[Any], error: E) -> E:
    """Return an error after naming the call in it.

    The client names the call in the errors that it raises; this is for those that a resource makes.
    """
    error.endpoint, error.identifiers = call.endpoint, call.identifiers
    error.advice = call.advice_for(error)
    return error
