"""https://developers.portone.io/api/rest-v1/payment: payments in pages.

PortOne documents that it answers 400, not in which words: but for a bad status's they are the
fake's own. Payments of test channels are listed like any other.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence

from msgspec import Struct

from portone_async.testing.answer import Answer, envelope, failure
from portone_async.testing.entry import Entry
from portone_async.testing.received import RecordedRequest
from portone_async.testing.route import Route
from portone_async.testing.shop import Shop

from .lookup import not_found

_STATUSES = ("ready", "paid", "failed", "cancelled")
_LONGEST_PERIOD = 90 * 24 * 60 * 60
_MOST_PER_PAGE = 1000
_NUMBER = re.compile(r"[0-9]{1,12}")


class _BadRequest(Exception):  # noqa: N818 (PortOne's answer, not the program's error)
    """Its text is the message of a 400."""


class _Page(Struct, frozen=True):
    """Which part of a list is asked for."""

    number: int
    limit: int

    @classmethod
    def asked(cls, query: Mapping[str, str]) -> _Page:
        page = cls(number=_number(query, "page", 1), limit=_number(query, "limit", 20))
        if not (page.number >= 1 and 1 <= page.limit <= _MOST_PER_PAGE):
            raise _BadRequest("page, limit 파라메터가 올바르지 않습니다.")
        return page

    def of(self, entries: Sequence[Entry]) -> Answer:
        """PortOne's ``PagedPaymentAnnotation``: a ``previous`` or ``next`` of 0 is no such page."""
        end = self.number * self.limit
        begin = end - self.limit
        if begin >= len(entries) and self.number > 1:
            raise _BadRequest("존재하지 않는 페이지입니다.")
        return envelope(
            {
                "list": [entry.body() for entry in entries[begin:end]],
                "next": self.number + 1 if end < len(entries) else 0,
                "previous": self.number - 1,
                "total": len(entries),
            }
        )


def find_all(shop: Shop, received: RecordedRequest, path: Mapping[str, str]) -> Answer:
    """All payments of an order number."""
    query = dict(received.query)
    status = path.get("payment_status")
    try:
        if status is not None:
            _check_status(status, _STATUSES)
        page = _Page.asked(query)
        entries = shop.payments.of_order(
            path["merchant_uid"], status=status, sorting=query.get("sorting")
        )
        return page.of(entries) if entries else not_found()
    except _BadRequest as error:
        return failure(400, str(error))


def find_all_of_nothing(_: Shop, __: RecordedRequest, ___: Mapping[str, str]) -> Answer:
    return failure(400, "merchant_uid 파라메터가 누락되었습니다.")


def by_status(shop: Shop, received: RecordedRequest, path: Mapping[str, str]) -> Answer:
    """The payments whose final status was reached in a period.

    What an empty period is answered with is not documented; here it is a page with nothing on it.
    """
    query = dict(received.query)
    status = path["payment_status"]
    try:
        _check_status(status, (*_STATUSES, "all"))
        page = _Page.asked(query)
        since, until = _period(query, int(shop.clock.now))
        entries = shop.payments.between(
            since,
            until,
            status=None if status == "all" else status,
            sorting=query.get("sorting"),
        )
        return page.of(entries)
    except _BadRequest as error:
        return failure(400, str(error))


def _period(query: Mapping[str, str], now: int) -> tuple[int, int]:
    """Unix seconds; both ends belong to it."""
    until = _number(query, "to", now)
    since = _number(query, "from", until - _LONGEST_PERIOD)
    if not 0 <= until - since <= _LONGEST_PERIOD:
        raise _BadRequest("조회기간(from, to)은 최대 90일까지 지정할 수 있습니다.")
    return since, until


def _number(query: Mapping[str, str], name: str, untold: int) -> int:
    if name not in query:
        return untold
    if not _NUMBER.fullmatch(query[name]):
        raise _BadRequest(f"{name} 파라메터가 올바르지 않습니다.")
    return int(query[name])


def _check_status(status: str, known: Collection[str]) -> None:
    if status not in known:
        raise _BadRequest("지원되지 않는 상태값입니다.")


ROUTES = (
    Route("GET", "/payments/findAll", find_all_of_nothing),
    Route("GET", "/payments/findAll/{merchant_uid}", find_all),
    Route("GET", "/payments/findAll/{merchant_uid}/{payment_status}", find_all),
    Route("GET", "/payments/status/{payment_status}", by_status),
)
