"""The interface of a case, and helpers of several cases."""

from __future__ import annotations

from typing import Protocol

from portone_async import PortOneClient
from tests.model.network import CallRecord
from tests.model.subject import Subject

__all__ = ("Case", "last_lookup_failed", "lost_at", "stayed_open")


class Case(Protocol):
    """A job beside the server's state."""

    repeats: bool
    """Whether the job may be performed again after its outcome was not learnt."""
    sends_once: bool
    """Whether it must not be sent again once it was reported done, although PortOne refuses it."""

    async def perform(self, subject: Subject, client: PortOneClient) -> object: ...

    def prepare(self) -> None:
        """Prepare the server for a request of the job."""
        ...

    def effects(self) -> int:
        """Return how often the server has carried the job out."""
        ...

    def traces(self) -> int:
        """Return how many records a look-up finds that decide the job."""
        ...

    def excess(self) -> str | None:
        """Return what the server has that it must not have."""
        ...

    def wrong_result(self, result: object) -> str | None:
        """Return why the server's state contradicts a result."""
        ...

    def wrong_failure(self, error: BaseException) -> str | None:
        """Return why the server's state contradicts an error."""
        ...

    def denies(self, error: BaseException) -> bool:
        """Return whether an error reports that the job was not carried out by this call."""
        ...

    def must_succeed(self) -> bool:
        """Return whether a call now, without any fault, must end done."""
        ...

    def may_be_unknown(self, call: CallRecord, now: float) -> bool:
        """Return whether a call could not learn its outcome."""
        ...


def lost_at(call: CallRecord) -> int | None:
    """Return the index of the last request that was sent and whose answer was lost."""
    lost = [i for i, e in enumerate(call.exchanges) if e.is_act and e.is_open and e.is_sent]
    return lost[-1] if lost else None


def last_lookup_failed(call: CallRecord) -> bool:
    """Return whether an answer was lost, and the last look-up since then failed."""
    lost = lost_at(call)
    if lost is None:
        return False
    if call.process.is_closed:  # It could send no look-up any more.
        return True
    later = call.exchanges[lost + 1 :]
    if later:
        return not (later[-1].is_lookup and later[-1].is_answered)
    # No look-up was sent: there was no token for it, which another call had to fetch.
    return call.process.had_no_token_at >= (call.exchanges[lost].ended_at or 0.0)


def stayed_open(call: CallRecord, now: float, settle: float) -> bool:
    """Return whether an answer was lost, and no look-up in the time for it was definite."""
    if last_lookup_failed(call):
        return True
    lost = lost_at(call)
    if lost is None or not call.exchanges[lost + 1 :]:
        return False
    has_looked_long = now - (call.exchanges[lost].ended_at or now) >= settle
    return has_looked_long and call.exchanges[-1].traces == 0
