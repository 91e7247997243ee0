"""Refusals that may mean that the operation was carried out before. Pure, but for the calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from portone_async.call import Call, Caller
from portone_async.errors import ApiError, PortOneError

from ._settle import Look, is_open

__all__ = ("send_or_look",)

T = TypeVar("T")


def send_or_look(
    client: Caller, call: Call[T], look: Look[T], *, when: Callable[[ApiError], bool]
) -> Callable[[], Awaitable[T]]:
    """Return a function that makes a call, and looks a refusal up that has two meanings.

    It is for :func:`settle`. Where the look-up finds no trace, the refusal itself is raised.

    Args:
        client: Makes the call.
        call: The operation.
        look: Looks it up.
        when: Which refusals may mean that it was carried out before.
    """

    async def send() -> T:
        try:
            return await client.call(call)
        except ApiError as error:
            if is_open(error) or not when(error):
                raise
            refusal = error
        result = await look()
        if result is None:
            raise refusal
        if not isinstance(result, PortOneError):
            return result
        if isinstance(result, ApiError) and result.code is None:
            # The look-up explains PortOne's answer.
            result.status, result.code, result.message = (
                refusal.status,
                refusal.code,
                refusal.message,
            )
        raise result

    return send
