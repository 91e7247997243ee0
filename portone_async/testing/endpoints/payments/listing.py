"""Payments in pages: those of an order number, and those of a status and period.

API: https://developers.portone.io/api/rest-v1/payment. PortOne documents when it replies 400, but
not the messages: except for an unknown status, they are the fake's own. Payments of test channels
are listed like any other.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from portone_async.testing.account import Account
from portone_async.testing.paging import RequestedPage, number_in
from portone_async.testing.parameters import BadParameterError, refusing
from portone_async.testing.reply import Reply, failure
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Route

from .entry import Entry, encode_entries
from .lookup import payment_not_found
from .state import Payments

_STATUSES = ("ready", "paid", "failed", "cancelled")
_MAX_PERIOD = 90 * 24 * 60 * 60


def find_all(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
    """Return all payments of an order number."""
    query = dict(request.query)
    status = path.get("payment_status")
    if status is not None:
        _check_status(status, _STATUSES)
    page = RequestedPage.of(query)
    entries = account.state(Payments).of_order(
        path["merchant_uid"], status=status, sorting=query.get("sorting")
    )
    if not entries:
        return payment_not_found()
    return _reply(page, page.slice_of(entries), len(entries))


def find_all_without_order(_: Account, __: RecordedRequest, ___: Mapping[str, str]) -> Reply:
    return failure(400, "merchant_uid 파라메터가 누락되었습니다.")


def by_status(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
    """Return the payments whose final status was reached in a period.

    PortOne does not document the reply for an empty period; here it is an empty page.
    """
    query = dict(request.query)
    status = path["payment_status"]
    _check_status(status, (*_STATUSES, "all"))
    page = RequestedPage.of(query)
    since, until = _period(query, int(account.clock.now))
    entries, total = account.state(Payments).page_between(
        since,
        until,
        page.bounds,
        status=None if status == "all" else status,
        sorting=query.get("sorting"),
    )
    return _reply(page, entries, total)


def _period(query: Mapping[str, str], now: int) -> tuple[int, int]:
    """Return begin and end in Unix seconds, both included."""
    until = number_in(query, "to", now)
    since = number_in(query, "from", until - _MAX_PERIOD)
    if not 0 <= until - since <= _MAX_PERIOD:
        raise BadParameterError("조회기간(from, to)은 최대 90일까지 지정할 수 있습니다.")
    return since, until


def _reply(page: RequestedPage, on_page: Sequence[Entry], total: int) -> Reply:
    if not on_page and page.number > 1:
        raise BadParameterError("존재하지 않는 페이지입니다.")
    return page.reply(encode_entries(on_page), total)


def _check_status(status: str, known: Collection[str]) -> None:
    if status not in known:
        raise BadParameterError("지원되지 않는 상태값입니다.")


ROUTES = (
    Route("GET", "/payments/findAll", find_all_without_order),
    Route("GET", "/payments/findAll/{merchant_uid}", refusing(find_all)),
    Route("GET", "/payments/findAll/{merchant_uid}/{payment_status}", refusing(find_all)),
    Route("GET", "/payments/status/{payment_status}", refusing(by_status)),
)
