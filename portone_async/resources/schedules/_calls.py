"""The calls of ``/subscribe/payments/schedule``. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from portone_async.call import Call, Failure, QueryValue, Repeat
from portone_async.errors import ApiError
from portone_async.models.schedules import Schedule, ScheduleListing, SchedulePage
from portone_async.resources._about import several
from portone_async.resources._confidential import secrets_in
from portone_async.resources._settle import verdict
from portone_async.resources._windows import Window
from portone_async.resources.billing_keys._calls import key_error

from ._errors import ScheduleNotFoundError

__all__ = (
    "cancel_call",
    "create_call",
    "get_call",
    "list_call",
    "list_of_key_call",
    "move_call",
    "schedule_error",
)

_SCHEDULES = "/subscribe/payments/schedule"


def schedule_error(failure: Failure) -> type[ApiError] | None:
    """Return the error class of an operation on one schedule.

    Only the 404 is documented. A 500 in an envelope is PortOne's verdict.
    """
    if failure.status == 404 or (failure.status, failure.code) == (200, 1):
        return ScheduleNotFoundError
    return verdict(failure)


def get_call(merchant_uid: str) -> Call[Schedule]:
    """Make the call for one schedule."""
    path = {"merchant_uid": merchant_uid}
    return Call(
        "GET",
        f"{_SCHEDULES}/{{merchant_uid}}",
        Schedule,
        path=path,
        identifiers=path,
        check=_MatchesSchedule(merchant_uid),
        classify=_look_up_error,
        repeat=Repeat.READ,
    )


def create_call(
    customer_uid: str, body: Mapping[str, Any], merchant_uids: Sequence[str], repeat: Repeat
) -> Call[ScheduleListing]:
    """Make the call that books schedules."""
    return Call(
        "POST",
        _SCHEDULES,
        ScheduleListing,
        body=body,
        identifiers=_identifiers(merchant_uids, customer_uid),
        check=_MatchesListing(frozenset(merchant_uids)),
        classify=key_error,
        repeat=repeat,
        secrets=secrets_in(body),
    )


def cancel_call(body: Mapping[str, Any], merchant_uids: Sequence[str]) -> Call[ScheduleListing]:
    """Make the call that revokes schedules."""
    return Call(
        "POST",
        "/subscribe/payments/unschedule",
        ScheduleListing,
        body=body,
        identifiers=_identifiers(merchant_uids, body.get("customer_uid")),
        check=_MatchesListing(frozenset(merchant_uids)),
        repeat=Repeat.GUARDED,
        secrets=secrets_in(body),
    )


def move_call(
    method: str, suffix: str, merchant_uid: str, body: Mapping[str, Any], repeat: Repeat
) -> Call[Schedule]:
    """Make the call that gives a schedule another time, or books it again."""
    path = {"merchant_uid": merchant_uid}
    return Call(
        method,
        f"{_SCHEDULES}/{{merchant_uid}}{suffix}",
        Schedule,
        path=path,
        body=body,
        identifiers=path,
        check=_MatchesSchedule(merchant_uid),
        classify=schedule_error,
        repeat=repeat,
        secrets=secrets_in(body),
    )


def list_call(
    window: Window, status: str | None, sorting: str | None, page: int, page_size: int
) -> Call[SchedulePage]:
    """Make the call for a page of the schedules of a period."""
    assert window.until is not None
    query: dict[str, QueryValue] = {
        "schedule_from": window.since,
        "schedule_to": window.until + 1,  # Not included.
        "page": page,
        "limit": page_size,
    }
    query |= {"schedule_status": status} if status is not None else {}
    query |= {"sorting": sorting} if sorting is not None else {}
    return Call(
        "GET",
        _SCHEDULES,
        SchedulePage,
        query=query,
        check=_MatchesPage(status=status),
        repeat=Repeat.READ,
    )


def list_of_key_call(
    route: str, customer_uid: str, window: Window, status: str | None, page: int
) -> Call[SchedulePage]:
    """Make the call for a page of the schedules of a key in a period."""
    assert window.until is not None
    path = {"customer_uid": customer_uid}
    query: dict[str, QueryValue] = {"page": page, "from": window.since, "to": window.until + 1}
    query |= {"schedule-status": status} if status is not None else {}
    return Call(
        "GET",
        route,
        SchedulePage,
        path=path,
        query=query,
        identifiers=path,
        check=_MatchesPage(status=status, customer_uid=customer_uid),
        classify=key_error,
        repeat=Repeat.READ,
    )


def _look_up_error(failure: Failure) -> type[ApiError] | None:
    kind = schedule_error(failure)
    return kind if kind is ScheduleNotFoundError else None


def _identifiers(merchant_uids: Sequence[str], customer_uid: str | None) -> dict[str, str]:
    given = {"customer_uid": customer_uid, "merchant_uid": several(merchant_uids)}
    return {name: value for name, value in given.items() if value}


class _MatchesSchedule(Struct, frozen=True):
    """Checks that a response is the requested schedule."""

    merchant_uid: str

    def __call__(self, schedule: Schedule) -> str | None:
        is_same = schedule.merchant_uid == self.merchant_uid
        return None if is_same else "PortOne answered with a schedule of another merchant_uid"


class _MatchesListing(Struct, frozen=True):
    """Checks that a list holds requested schedules only."""

    merchant_uids: frozenset[str]

    def __call__(self, listing: ScheduleListing) -> str | None:
        if all(schedule.merchant_uid in self.merchant_uids for schedule in listing.list):
            return None
        return "PortOne answered with a schedule of another merchant_uid"


class _MatchesPage(Struct, frozen=True, kw_only=True):
    """Checks that a page holds requested schedules only."""

    status: str | None
    customer_uid: str | None = None

    def __call__(self, page: SchedulePage) -> str | None:
        wanted = {"schedule_status": self.status, "customer_uid": self.customer_uid}
        for name, value in wanted.items():
            if value is not None and any(
                getattr(schedule, name) not in (None, value) for schedule in page.list
            ):
                return f"PortOne listed a schedule of another {name}"
        return None
