"""Exceptions that a user's fault raises in the server's thread, and their way to the test."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from .exchange import Fault
from .reply import Reply
from .request import RecordedRequest

__all__ = ("raise_errors", "record_error", "validate_reply")

_logger = logging.getLogger(__name__)


def validate_reply(fault: Fault, reply: object) -> Reply | None:
    """Return what a fault returned.

    Raises:
        TypeError: It is neither a reply nor ``None``.
    """
    if reply is None or isinstance(reply, Reply):
        return reply
    kind = type(fault).__name__
    raise TypeError(f"{kind}.meet() returned {type(reply).__name__}, not a Reply or None")


def record_error(fault: Fault, request: RecordedRequest, error: BaseException) -> None:
    """Log an exception, and note in it which fault raised it for which request."""
    what = f"{type(fault).__name__} failed on {request!r}"
    _logger.error("%s", what, exc_info=error, extra={"portone_fault": type(fault).__name__})
    error.add_note(f"FakePortOne: {what}")


def raise_errors(errors: Sequence[BaseException], test_error: BaseException | None) -> None:
    """Raise the recorded exceptions, or add them as notes to the one that ends the test."""
    if test_error is not None:
        for error in errors:
            # record_error() added the last note: the fault and its request.
            test_error.add_note(f"{error.__notes__[-1]}: {type(error).__name__}: {error}")
    elif len(errors) == 1:
        raise errors[0]
    elif errors:
        raise BaseExceptionGroup("faults of a FakePortOne failed", errors)
