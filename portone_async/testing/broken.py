"""Errors that a user's fault raises in the server's thread, and how the test learns of them."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from .answer import Answer
from .exchange import Fault
from .received import RecordedRequest

__all__ = ("checked", "report", "surface")

_logger = logging.getLogger(__name__)


def checked(fault: Fault, answer: object) -> Answer | None:
    """Return what a fault answers with, if it is an answer."""
    if answer is None or isinstance(answer, Answer):
        return answer
    kind = type(fault).__name__
    raise TypeError(f"{kind}.meet() returned {type(answer).__name__}, not an Answer or None")


def report(fault: Fault, received: RecordedRequest, error: BaseException) -> None:
    """Log an error, and note in it which fault raised it for which request."""
    what = f"{type(fault).__name__} broke on {received!r}"
    _logger.error("%s", what, exc_info=error)
    error.add_note(f"FakePortOne: {what}")


def surface(reported: Sequence[BaseException], error: BaseException | None) -> None:
    """Raise the reported errors, or name them in the ``error`` that ends the test."""
    if error is not None:
        for each in reported:
            error.add_note(f"{each.__notes__[-1]}: {type(each).__name__}: {each}")
    elif len(reported) == 1:
        raise reported[0]
    elif reported:
        raise BaseExceptionGroup("faults of a FakePortOne broke", reported)
