"""Check payments against the periods that are assumed to be empty."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from portone_async.errors import UnexpectedResponseError
from portone_async.models import Payment

from .finding import AssumedEmpty, PaymentSnapshot

__all__ = ("Assumptions",)

_LISTED_BY: Mapping[str, Callable[[Payment], datetime | None]] = {
    "ready": lambda payment: payment.started_at,
    "paid": lambda payment: payment.paid_at,
    "failed": lambda payment: payment.failed_at,
    "cancelled": lambda payment: payment.cancelled_at,
}
"""The time by which PortOne lists a payment, for each status."""


class Assumptions:
    """The periods that PortOne refused to list, and that are assumed to be empty."""

    def __init__(self, periods: tuple[AssumedEmpty, ...]) -> None:
        self._periods = periods

    @property
    def are_any(self) -> bool:
        """Whether there are such periods. Otherwise nothing has to be checked."""
        return bool(self._periods)

    def check(self, payments: Iterable[Payment]) -> None:
        """End the run if a payment lies in one of the periods."""
        for payment in payments if self._periods else ():
            time_of = _LISTED_BY.get(payment.status.value)
            time = None if time_of is None else time_of(payment)
            self._check(payment.imp_uid, payment.status.value, time)

    def check_snapshots(self, payments: Iterable[PaymentSnapshot]) -> None:
        """End the run if a payment that was paid or cancelled lies in one of the periods."""
        for payment in payments:
            times = {"paid": payment.paid_at, "cancelled": payment.cancelled_at}
            self._check(payment.imp_uid, payment.status, times.get(payment.status))

    def _check(self, imp_uid: str, status: str, time: datetime | None) -> None:
        if time is None:
            return
        for period in self._periods:
            if period.status in {"all", status} and period.since <= time < period.until:
                raise UnexpectedResponseError(
                    f"PortOne refused to list {period.status!r} from {period.since} until "
                    f"{period.until}, which was assumed to be empty, but {imp_uid} is in that "
                    "period: payments without an order cannot be found"
                )
