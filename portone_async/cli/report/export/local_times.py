"""The times of a payment in the time zone of a file."""

from __future__ import annotations

from datetime import datetime, tzinfo

from msgspec.structs import replace

from portone_async.cli.zone import in_zone
from portone_async.reconcile.finding import PaymentSnapshot

__all__ = ("payment_in_zone",)


def payment_in_zone(payment: PaymentSnapshot, timezone: tzinfo) -> PaymentSnapshot:
    """Return a payment with its times in a zone."""
    return replace(
        payment,
        paid_at=_time_in_zone(payment.paid_at, timezone),
        cancelled_at=_time_in_zone(payment.cancelled_at, timezone),
    )


def _time_in_zone(time: datetime | None, timezone: tzinfo) -> datetime | None:
    """Return a time in a zone; unchanged where the result would leave the calendar."""
    return None if time is None else in_zone(time, timezone)
