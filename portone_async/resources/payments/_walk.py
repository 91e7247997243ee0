"""The payments of one status in a window of time.

PortOne filters each status by another time, and sorts by it where it is requested to: ``paid``
by ``paid``, ``ready`` by ``started``. It sorts no list by the time of ``failed``, ``cancelled`` or
``all``.

Source: ``GET /payments/status/{payment_status}``.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from operator import attrgetter
from typing import TypeVar

from portone_async.models import Payment, PaymentStatus, Sorting
from portone_async.models._listed_payment import ListedPayment, PlainPayment
from portone_async.resources import _walk
from portone_async.resources._walk import ReadWindow
from portone_async.resources._windows import Window

from ._calls import imp_uid_of

__all__ = ("Walk", "ascending")


P = TypeVar("P", bound=Payment | ListedPayment | PlainPayment)


class Walk(_walk.Walk[P]):
    """One window of one status.

    Args:
        read_window: Requests a page.
        window: Whole seconds, 90 days at most.
        status: The status of the payments; it determines the time that PortOne filters by.
        sorting: The order inside a slice. Slices follow each other in its direction.
        page_size: The most payments in one response, except for a single second.
        seen: Ids of payments that are not returned again; new ones are added.
    """

    def __init__(
        self,
        read_window: ReadWindow[P],
        window: Window,
        *,
        status: str,
        sorting: Sorting,
        page_size: int,
        seen: set[str] | None = None,
    ) -> None:
        super().__init__(
            read_window,
            window,
            key=imp_uid_of,
            time_of=_time_sorted_by(status, sorting),
            is_descending=sorting.startswith("-"),
            page_size=page_size,
            seen=seen,
        )


def ascending(status: str) -> Sorting:
    """Return the sorting, oldest first, by the time that PortOne filters a status by, if it has one."""
    match status:
        case PaymentStatus.READY:
            return Sorting.STARTED_ASC
        case PaymentStatus.PAID:
            return Sorting.PAID_ASC
        case _:
            return Sorting.UPDATED_ASC


def _time_sorted_by(
    status: str, sorting: Sorting
) -> Callable[[Payment | ListedPayment | PlainPayment], datetime | int | None] | None:
    """Return the time by which a list is both filtered and sorted, if there is one."""
    match status, sorting.removeprefix("-"):
        case PaymentStatus.PAID, "paid":
            return attrgetter("paid_at")
        case PaymentStatus.READY, "started":
            return attrgetter("started_at")
        case _:
            return None
