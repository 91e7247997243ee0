"""Poll for a payment that is not visible yet."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from portone_async.errors import (
    DeadlineExceededError,
    InvalidRequestError,
    PaymentNotFoundError,
    PortOneError,
    TransientError,
)
from portone_async.models import Payment

__all__ = ("poll", "validate_timeout")

# Seconds between two requests.
_POLLS = (0.5, 1.0, 2.0)
_LAST_POLL = 3.0


def validate_timeout(timeout: object) -> None:
    """Validate the argument ``timeout``.

    Raises:
        InvalidRequestError: It is not a number of seconds, more than 0.
    """
    if isinstance(timeout, (int, float)) and not isinstance(timeout, bool) and timeout > 0:
        return
    raise InvalidRequestError(f"timeout must be seconds, more than 0: {timeout!a}")


async def poll(find: Callable[[], Awaitable[Payment]], timeout: float) -> Payment:  # noqa: ASYNC109 (a bound of all requests, not of one await)
    """Call ``find`` until it returns a payment, for at most ``timeout`` seconds.

    Raises:
        PortOneError: The last error, if it may pass; any other at once.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + timeout
    last: PortOneError = DeadlineExceededError(f"no answer within {timeout:g} s")
    polls = iter(_POLLS)
    bound = asyncio.timeout_at(deadline)
    try:
        async with bound:
            while True:
                try:
                    return await find()
                except (PaymentNotFoundError, TransientError) as error:
                    last = error
                wait = next(polls, _LAST_POLL)
                if loop.time() + wait >= deadline:
                    break
                await asyncio.sleep(wait)
    except TimeoutError:
        if not bound.expired():
            raise
    raise last.with_traceback(None)
