"""The report of a call about its operation."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct

from portone_async import CancelPendingError, OutcomeUnknownError, PortOneError

__all__ = ("Ending", "Report", "report_of")


class Ending(StrEnum):
    """How a call ended, as its caller sees it."""

    DONE = "done"
    NOT_DONE = "not done"
    """Refused, or not sent: any other error of the package."""
    PENDING = "pending"
    """Accepted, and not carried out yet."""
    UNKNOWN = "unknown"
    CANCELLED = "cancelled"
    KILLED = "killed"
    HUNG = "hung"
    CRASHED = "crashed"
    """An exception that is not the package's."""


class Report(Struct, frozen=True):
    """The end of one call."""

    ending: Ending
    at: float
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.at:9.2f} {self.ending} {self.detail}".rstrip()


def report_of(result: object, at: float) -> Report:
    """Return the report for what a call returned or raised."""
    detail = f"{type(result).__name__}: {result}" if isinstance(result, BaseException) else ""
    return Report(_ending(result), at, detail[:300])


def _ending(result: object) -> Ending:
    match result:
        case OutcomeUnknownError():
            return Ending.UNKNOWN
        case CancelPendingError():
            return Ending.PENDING
        case PortOneError():
            return Ending.NOT_DONE
        case BaseException():
            return Ending.CRASHED
        case _:
            return Ending.DONE
