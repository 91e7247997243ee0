"""The errors of schedules."""

from __future__ import annotations

from typing import Any

from portone_async.errors import Difference, NotFoundError, PortOneError
from portone_async.models.schedules import Schedule

__all__ = (
    "PartlyBookedError",
    "ScheduleExecutedError",
    "ScheduleMismatchError",
    "ScheduleNotFoundError",
)


class ScheduleNotFoundError(NotFoundError):
    """PortOne reports that there is no schedule of this ``merchant_uid`` for this key pair."""

    advice = "It was not booked, or under another merchant_uid or key pair."


class ScheduleExecutedError(PortOneError):
    """It is too late: PortOne has made the charge (``schedules``), which may have failed."""

    advice = (
        "Look at payment_status of each schedule: refund what is paid. A failed one can be booked "
        "again or charged again."
    )

    def __init__(
        self,
        reason: str = "",
        *,
        schedules: tuple[Schedule, ...] = (),
        revoked: tuple[Schedule, ...] = (),
        **response: Any,
    ) -> None:
        super().__init__(reason, **response)
        self.schedules = schedules
        """The schedules that were executed. They have personal data, also in a pickle of this error."""
        self.revoked = revoked
        """The others of the request, which are revoked."""


class ScheduleMismatchError(PortOneError):
    """The ``merchant_uid`` is booked (``schedule``), but not as requested. It was not changed."""

    advice = (
        "Change its time by update(), book it again by reschedule() if it was revoked, or use a new "
        "merchant_uid."
    )

    def __init__(
        self,
        reason: str = "",
        *,
        schedule: Schedule | None = None,
        differences: tuple[Difference, ...] = (),
        **response: Any,
    ) -> None:
        super().__init__(reason, **response)
        self.schedule = schedule
        """The schedule. It has personal data, also in a pickle of this error; its ``repr`` has none."""
        self.differences = differences
        """Every difference, not only the first."""


class PartlyBookedError(PortOneError):
    """PortOne refused some of the schedules (``missing``); the others are booked (``booked``).

    Its cause is the refusal.
    """

    advice = (
        "Call create() again with all of them, once the reason is gone; or cancel those booked."
    )

    def __init__(
        self,
        reason: str = "",
        *,
        booked: tuple[Schedule, ...] = (),
        missing: tuple[str, ...] = (),
        **response: Any,
    ) -> None:
        super().__init__(reason, **response)
        self.booked = booked
        """The schedules. They have personal data, also in a pickle of this error."""
        self.missing = missing
        """The order numbers that are not booked."""
