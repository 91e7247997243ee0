"""Revoke and move schedules, and look up what became of them where the answer was lost."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

from msgspec import Struct

from portone_async._redact import SecretDict
from portone_async.call import Call, Caller, validate_identifier
from portone_async.errors import (
    ApiError,
    InvalidRequestError,
    OutcomeUnknownError,
    PortOneError,
    UnexpectedResponseError,
)
from portone_async.models.schedules import Schedule, ScheduleListing
from portone_async.resources._request import has_slash
from portone_async.resources._settle import is_open, is_refusal, settle

from ._calls import cancel_call, get_call
from ._errors import ScheduleExecutedError, ScheduleNotFoundError

__all__ = ("Move", "cancel_each", "numbers_of")

_LARGEST_REQUEST = 100


def numbers_of(merchant_uid: object) -> list[str]:
    """Return the order numbers of an argument that is one or several, each once.

    Raises:
        InvalidRequestError: There is none, or one cannot be an order number. PortOne would revoke
            every schedule of a key where none is named.
    """
    several = isinstance(merchant_uid, Iterable) and not isinstance(merchant_uid, (str, bytes))
    numbers: list[Any] = [*cast("Iterable[Any]", merchant_uid)] if several else [merchant_uid]
    for number in numbers:
        validate_identifier("merchant_uid", number)
    if not numbers:
        raise InvalidRequestError("merchant_uid must name at least one schedule")
    return list(dict.fromkeys(numbers))


async def cancel_each(
    client: Caller, merchant_uids: Sequence[str], body: SecretDict, seconds: float
) -> list[Schedule]:
    """Revoke schedules, a hundred per request, and return them in the order of the numbers.

    Raises:
        ScheduleExecutedError: Some were executed before.
        PortOneError: As for :meth:`Cancelling.carry_out`.
    """
    revoked: dict[str, Schedule] = {}
    executed: list[Schedule] = []

    def make_call(left: Sequence[str]) -> Call[ScheduleListing]:
        return cancel_call(SecretDict(body | {"merchant_uid": [*left]}), left)

    for start in range(0, len(merchant_uids), _LARGEST_REQUEST):
        part = merchant_uids[start : start + _LARGEST_REQUEST]
        cancelling = Cancelling(client, part, make_call)
        # A number with a slash cannot be looked up.
        can_look = not any(map(has_slash, part))
        await cancelling.carry_out(seconds if can_look else 0.0)
        revoked |= {schedule.merchant_uid: schedule for schedule in cancelling.revoked}
        executed += cancelling.executed
    if executed:
        raise executed_error(executed, [*revoked.values()])
    return [revoked[number] for number in merchant_uids]


class Cancelling:
    """The schedules of one request to revoke them.

    A repetition changes nothing: what is revoked stays so. What PortOne does not answer is looked
    up, since it answers alike for a schedule that is revoked, executed or unknown.
    """

    def __init__(
        self,
        client: Caller,
        merchant_uids: Sequence[str],
        make_call: Callable[[Sequence[str]], Call[ScheduleListing]],
    ) -> None:
        self._client = client
        self._make_call = make_call
        self._left = list(merchant_uids)
        self.revoked: list[Schedule] = []
        self.executed: list[Schedule] = []
        self._missing: list[ScheduleNotFoundError] = []
        self._refusal: ApiError | None = None
        self._is_answer_lost = False

    async def carry_out(self, seconds: float) -> None:
        """Revoke all of them; those that were executed before are in :attr:`executed`.

        Raises:
            ScheduleNotFoundError: One does not exist, and none was executed.
            OutcomeUnknownError: Whether one was revoked is unknown.
            ApiError: PortOne refused to revoke one that is still to be executed.
        """
        try:
            await settle(self._send, self._look, seconds=seconds, resend=True)
        except OutcomeUnknownError:
            if self._refusal is None or self._is_answer_lost:
                raise
            raise self._refusal.with_traceback(None) from None
        if self._missing and not self.executed:
            raise self._missing[0].with_traceback(None)

    async def _send(self) -> bool:
        self._refusal = None
        try:
            listing = await self._client.call(self._make_call(self._left))
        except PortOneError as error:
            self._is_answer_lost |= is_open(error)
            if not is_refusal(error):
                raise
            self._refusal = error
        else:
            for schedule in listing.list:
                self._sort_in(schedule)
        found = await self._look()
        if isinstance(found, PortOneError):
            raise found
        if found is None:
            raise UnexpectedResponseError("PortOne answered without some of the schedules")
        return found

    async def _look(self) -> bool | PortOneError | None:
        for merchant_uid in tuple(self._left):
            try:
                self._sort_in(await self._client.call(get_call(merchant_uid)))
            except ScheduleNotFoundError as error:
                self._left.remove(merchant_uid)
                self._missing.append(error)
            except PortOneError as error:
                if self._refusal is None or is_open(error):
                    raise
                return self._refusal.with_traceback(None)
        return self._refusal if self._left else True

    def _sort_in(self, schedule: Schedule) -> None:
        """Remember the state of a schedule, unless it is still to be executed."""
        lists = {"revoked": self.revoked, "executed": self.executed}
        states = lists.get(schedule.schedule_status or "")
        if states is not None and schedule.merchant_uid in self._left:
            self._left.remove(schedule.merchant_uid)
            states.append(schedule)


class Move(Struct, frozen=True):
    """Another time for a schedule that has not run, or for one that is booked again."""

    client: Caller
    call: Call[Schedule]
    merchant_uid: str
    schedule_at: int
    """Unix seconds."""

    async def carry_out(self, seconds: float) -> Schedule:
        """Move it. A refusal is looked up: an earlier request may have moved it already.

        Raises:
            ScheduleExecutedError: It ran before it was moved.
            ScheduleNotFoundError: There is no such schedule.
            OutcomeUnknownError: Whether it was moved is unknown.
            ApiError: PortOne refused it.
        """
        return await settle(self._send, self._look, seconds=seconds, resend=True)

    def is_at_time(self, schedule: Schedule) -> bool:
        """Return whether a schedule has the time that is wanted."""
        at = schedule.schedule_at
        return at is not None and int(at.timestamp()) == self.schedule_at

    async def _send(self) -> Schedule:
        try:
            return await self.client.call(self.call)
        except PortOneError as error:
            if not is_refusal(error) or isinstance(error, ScheduleNotFoundError):
                raise
            refusal = error.with_traceback(None)
        try:
            found = await self._look()
        except PortOneError:
            found = None
        if isinstance(found, Schedule):
            return found
        raise found or refusal

    async def _look(self) -> Schedule | PortOneError | None:
        try:
            schedule = await self.client.call(get_call(self.merchant_uid))
        except ScheduleNotFoundError as error:
            return error.with_traceback(None)
        if self.is_at_time(schedule):
            # It may have run since, at its new time.
            return schedule if schedule.schedule_status != "revoked" else None
        if schedule.schedule_status == "executed" and self.call.method == "PUT":
            return executed_error([schedule], [])
        return None


def executed_error(
    executed: Sequence[Schedule], revoked: Sequence[Schedule]
) -> ScheduleExecutedError:
    """Return the error that reports executed schedules."""
    named = ", ".join(f"{s.merchant_uid} ({s.payment_status or 'unknown'})" for s in executed)
    error = ScheduleExecutedError(
        f"too late, executed before: {named}", schedules=tuple(executed), revoked=tuple(revoked)
    )
    error.identifiers = {"merchant_uid": ", ".join(s.merchant_uid for s in executed)}
    return error
