"""Bookings, revocations and repetitions of scheduled charges."""

from __future__ import annotations

from typing import Any

from portone_async import PortOneClient
from portone_async.resources.schedules import (
    ScheduleExecutedError,
    ScheduleMismatchError,
    ScheduleNotFoundError,
)
from tests.model.far_end import FarEnd
from tests.model.network import CallRecord
from tests.model.plan import Book, PlannedSchedule, Retry, Revoke
from tests.model.subject import BookingOrder, Subject

from ._case import stayed_open

__all__ = ("BookCase", "RetryCase", "RevokeCase", "merchant_uid_of_schedule")


def merchant_uid_of_schedule(number: int) -> str:
    return f"SCHEDULE{number}"


class _ScheduleCase:
    """A job about one schedule."""

    repeats = True
    sends_once = False

    def __init__(
        self, far_end: FarEnd, operation: Book | Revoke | Retry, schedule: PlannedSchedule
    ) -> None:
        self._far_end = far_end
        self._schedule = schedule
        self._settle = operation.settle
        self._merchant_uid = merchant_uid_of_schedule(operation.schedule)

    @property
    def _record(self) -> dict[str, Any] | None:
        return self._far_end.schedule(self._merchant_uid)

    @property
    def _status(self) -> str | None:
        return None if self._record is None else self._record["schedule_status"]

    @property
    def _paid(self) -> int:
        return self._far_end.paid_of(self._merchant_uid)

    def prepare(self) -> None: ...

    def excess(self) -> str | None:
        return f"charged {self._paid} times" if self._paid > 1 else None

    def wrong_failure(self, error: BaseException) -> str | None:
        is_executed = self._status == "executed"
        is_false = isinstance(error, ScheduleExecutedError) and not is_executed
        return "it is not executed" if is_false else None

    def denies(self, error: BaseException) -> bool:
        # These report the state of the schedule, which another job may have changed before or since.
        return not isinstance(
            error, (ScheduleExecutedError, ScheduleMismatchError, ScheduleNotFoundError)
        )

    def may_be_unknown(self, call: CallRecord, now: float) -> bool:
        return stayed_open(call, now, self._settle)


class BookCase(_ScheduleCase):
    """A booking: the schedule is its effect."""

    async def perform(self, subject: Subject, client: PortOneClient) -> object:
        order = BookingOrder(
            customer_uid="good",
            merchant_uid=self._merchant_uid,
            amount=self._schedule.amount,
            schedule_at=self._far_end.time_at(self._schedule.runs_at),
            settle=self._settle,
        )
        return await subject.book(client, order)

    def effects(self) -> int:
        return int(self._record is not None)

    def traces(self) -> int:
        return self.effects()

    def wrong_result(self, result: object) -> str | None:
        record = self._record
        if record is None or int(record["amount"]) != self._schedule.amount:
            return f"the server has {record}"
        return None

    def must_succeed(self) -> bool:
        # One that was revoked is not what was booked; a time in the past is refused.
        if self._record is not None:
            return self._status != "revoked"
        return self._far_end.has_time_before(self._schedule.runs_at)


class RevokeCase(_ScheduleCase):
    """A revocation: the state of the schedule is its effect."""

    async def perform(self, subject: Subject, client: PortOneClient) -> object:
        return await subject.revoke(client, self._merchant_uid, self._settle)

    def effects(self) -> int:
        return int(self._status == "revoked")

    def traces(self) -> int:
        return int(self._status in ("revoked", "executed"))

    def excess(self) -> str | None:
        if self._status == "revoked" and self._paid:
            return "revoked, and charged"
        return super().excess()

    def wrong_result(self, result: object) -> str | None:
        return None if self._status == "revoked" else f"it is {self._status}"

    def must_succeed(self) -> bool:
        is_due = not self._far_end.has_time_before(self._schedule.runs_at)
        return self._status == "revoked" or (self._status == "scheduled" and not is_due)


class RetryCase(_ScheduleCase):
    """A charge of a schedule that failed: a paid payment is its effect."""

    sends_once = True

    async def perform(self, subject: Subject, client: PortOneClient) -> object:
        return await subject.retry(client, self._merchant_uid, self._settle)

    def effects(self) -> int:
        return self._paid

    def traces(self) -> int:
        return self._paid

    def wrong_result(self, result: object) -> str | None:
        status = getattr(result, "status", None)
        if self._paid != 1 or status != "paid":
            return f"charged {self._paid} times, the result is {status}"
        return None

    def must_succeed(self) -> bool:
        return True
