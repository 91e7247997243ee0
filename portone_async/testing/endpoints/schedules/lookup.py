"""Schedules, one at a time and in pages.

PortOne documents a page as an array, and sends it as a page object, like other lists.
"""

from __future__ import annotations

from calendar import monthrange
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

from portone_async.testing.account import Account
from portone_async.testing.paging import RequestedPage, number_in
from portone_async.testing.parameters import BadParameterError, refusing
from portone_async.testing.reply import Reply, envelope, failure, php_json
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Route

from .state import Schedules

__all__ = ("ROUTES", "not_found")

_KST = timezone(timedelta(hours=9))
_STATUSES = ("scheduled", "executed", "revoked")


def not_found() -> Reply:
    return failure(404, "존재하지 않는 예약결제건입니다.")  # The text is invented.


def get(account: Account, _: RecordedRequest, path: Mapping[str, str]) -> Reply:
    schedules, merchant_uid = Schedules(account), path["merchant_uid"]
    return envelope(schedules.body(merchant_uid)) if merchant_uid in schedules else not_found()


def by_time(account: Account, request: RecordedRequest, _: Mapping[str, str]) -> Reply:
    """Return the schedules of a period, the newest first unless ``sorting`` is ``scheduled``."""
    query = dict(request.query)
    page = RequestedPage.of(query)
    bodies = _matching(account, query, ("schedule_from", "schedule_to", "schedule_status"))
    if query.get("sorting") != "scheduled":
        bodies.reverse()
    return page.reply(php_json(page.slice_of(bodies)), len(bodies))


def by_key(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
    """Return the schedules of a billing key in a period, the newest first, in pages of 20."""
    query = dict(request.query)
    page = RequestedPage.of({**query, "limit": "20"})
    bodies = _matching(account, query, ("from", "to", "schedule-status"))
    bodies = [body for body in bodies if body["customer_uid"] == path["customer_uid"]]
    bodies.reverse()
    return page.reply(php_json(page.slice_of(bodies)), len(bodies))


def _matching(
    account: Account, query: Mapping[str, str], names: tuple[str, str, str]
) -> list[dict[str, Any]]:
    """Return the schedules of a period and a status, the oldest first."""
    since, until, status = number_in(query, names[0]), number_in(query, names[1]), names[2]
    if not since <= until <= _three_months_after(since):
        raise BadParameterError("조회기간은 최대 3개월까지 지정할 수 있습니다.")
    if query.get(status, "scheduled") not in _STATUSES:
        raise BadParameterError(f"{status} 파라메터가 올바르지 않습니다.")
    bodies = [
        body
        for body in Schedules(account).bodies()
        if since <= body["schedule_at"] < until
        and query.get(status) in (None, body["schedule_status"])
    ]
    return sorted(bodies, key=lambda body: body["schedule_at"])


def _three_months_after(seconds: int) -> float:
    """Return the end of the longest period, counted in months of the calendar."""
    start = datetime.fromtimestamp(seconds, UTC).astimezone(_KST)
    year, month = divmod(start.year * 12 + start.month - 1 + 3, 12)
    day = min(start.day, monthrange(year, month + 1)[1])
    return start.replace(year=year, month=month + 1, day=day).timestamp()


ROUTES = (
    Route("GET", "/subscribe/payments/schedule", refusing(by_time)),
    Route("GET", "/subscribe/payments/schedule/{merchant_uid}", get),
    Route("GET", "/subscribe/payments/schedule/customers/{customer_uid}", refusing(by_key)),
    Route("GET", "/subscribe/customers/{customer_uid}/schedules", refusing(by_key)),
)
