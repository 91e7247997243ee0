"""The look-ups of schedules."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from portone_async.call import Caller
from portone_async.models.schedules import Schedule, ScheduleStatusLike
from portone_async.resources._pages import LARGEST_PAGE, Pages, validate_page_size
from portone_async.resources._request import path_value

from ._calls import get_call
from ._lists import by_time, of_key

__all__ = ("Lookups",)


class Lookups:
    """The methods that read schedules."""

    def __init__(self, client: Caller) -> None:
        self._client = client

    async def get(self, merchant_uid: str) -> Schedule:
        """Read a schedule. *Executed* does not mean paid: see :attr:`Schedule.is_paid`.

        Args:
            merchant_uid: The shop's order number; without a slash.

        Raises:
            ScheduleNotFoundError: PortOne reports that there is none.
            InvalidRequestError: The number cannot be part of a path; nothing was sent.
            PortOneError: Any other failure: whether there is one is unknown.

        Source: ``GET /subscribe/payments/schedule/{merchant_uid}``.
        """
        return await self._client.call(get_call(path_value("merchant_uid", merchant_uid)))

    def list(
        self,
        *,
        since: datetime,
        until: datetime,
        schedule_status: ScheduleStatusLike | None = None,
        sorting: Literal["scheduled"] | str | None = None,
        page_size: int = LARGEST_PAGE,
    ) -> Pages[Schedule]:
        """Iterate over every schedule of a period, each once.

        Args:
            since: The start, with a time zone, by ``schedule_at``.
            until: The end, not included. Periods of more than three months are split.
            schedule_status: Only ``scheduled``, ``executed`` or ``revoked`` ones.
            sorting: ``scheduled`` for the oldest first; else the newest first.
            page_size: Schedules per request, 1000 at most.

        Raises:
            InvalidRequestError: An argument can never be right; nothing was sent.
            UnexpectedResponseError: During iteration: PortOne's pages contradict each other; or,
                after all others, some schedules cannot be read (``unreadable``).
            PortOneError: During iteration: any error of a call.

        Source: ``GET /subscribe/payments/schedule``.
        """
        return by_time(
            self._client,
            since,
            until,
            status=schedule_status,
            sorting=sorting,
            page_size=validate_page_size(page_size),
        )

    def for_customer(
        self,
        customer_uid: str,
        *,
        since: datetime,
        until: datetime,
        schedule_status: ScheduleStatusLike | None = None,
    ) -> Pages[Schedule]:
        """Iterate over the schedules of a billing key in a period, the newest first.

        Args:
            customer_uid: The shop's name for the key; without a slash.
            since: The start, with a time zone, by ``schedule_at``.
            until: The end, not included. Periods of more than three months are split.
            schedule_status: Only ``scheduled``, ``executed`` or ``revoked`` ones.

        Raises:
            InvalidRequestError: An argument can never be right; nothing was sent.
            UnexpectedResponseError: During iteration: as for :meth:`list`.
            PortOneError: During iteration: any error of a call.

        Source: ``GET /subscribe/payments/schedule/customers/{customer_uid}``.
        """
        route = "/subscribe/payments/schedule/customers/{customer_uid}"
        name = path_value("customer_uid", customer_uid)
        return of_key(self._client, route, name, since=since, until=until, status=schedule_status)
