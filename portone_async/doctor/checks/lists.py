"""Checks of lists: their pages, periods and order."""

from __future__ import annotations

from typing import Any

from portone_async.doctor import probes
from portone_async.doctor.check import Check, Result, agrees, differs, unknown
from portone_async.doctor.evidence import Evidence
from portone_async.doctor.json_values import json_type, object_of
from portone_async.doctor.text import mark as _

from . import reasons

__all__ = ("LISTS",)


def _page_edges(evidence: Evidence) -> Result:
    first, last = evidence.first(probes.FIRST_PAGE.name), evidence.first(probes.LAST_PAGE.name)
    if first is None or last is None:
        return unknown(reasons.NO_PAYMENTS)
    edges = {
        "previous": object_of(first.response).get("previous"),
        "next": object_of(last.response).get("next"),
    }
    return (agrees if all(value == 0 for value in edges.values()) else differs)(
        types={name: json_type(value) for name, value in edges.items()}
    )


def _beyond_end(evidence: Evidence) -> Result:
    exchange = evidence.first(probes.BEYOND_END.name)
    if exchange is None:
        return unknown(reasons.NO_PAYMENTS)
    return (agrees if exchange.status == 400 else differs)(status=exchange.status)


def _empty_period(evidence: Evidence) -> Result:
    exchange = evidence.exchanges[probes.EMPTY_PERIOD.name][0]
    is_page = exchange.status == 200 and object_of(exchange.response).get("list") == []
    return (agrees if is_page else differs)(status=exchange.status, is_empty_page=is_page)


def _period_ends(evidence: Evidence) -> Result:
    first, second = evidence.first(probes.FIRST_PAGE.name), evidence.first(probes.ONE_SECOND.name)
    if first is None or second is None:
        return unknown(reasons.NO_PAYMENTS)
    ids = [payment.get("imp_uid") for payment in second.records]
    is_included = first.records[0].get("imp_uid") in ids
    return (agrees if is_included else differs)(status=second.status, listed=len(ids))


def _page_order(evidence: Evidence) -> Result:
    first = evidence.first(probes.FIRST_PAGE.name)
    times: list[Any] = []
    if first is not None:
        times = [payment.get("paid_at") for payment in first.records]
    if len(times) < 2:
        return unknown(reasons.NO_PAYMENTS)
    is_sorted = all(isinstance(time, int) for time in times) and times == sorted(times)
    return (agrees if is_sorted else differs)(payments=len(times))


def _pending(evidence: Evidence) -> Result:
    exchange = evidence.exchanges[probes.PENDING.name][0]
    return (agrees if exchange.status == 400 else differs)(status=exchange.status)


def _schedules(evidence: Evidence) -> Result:
    exchange = evidence.exchanges[probes.SCHEDULES.name][0]
    if exchange.status != 200:
        return unknown(reasons.NO_SCHEDULES, status=exchange.status)
    is_page = isinstance(object_of(exchange.response).get("list"), list)
    return (agrees if is_page else differs)(
        status=exchange.status, response=json_type(exchange.response)
    )


def _reviews(evidence: Evidence) -> Result:
    day, year = evidence.first(probes.NAVER_DAY.name), evidence.first(probes.NAVER_YEAR.name)
    if day is None or year is None or day.status != 200:
        return unknown(reasons.NO_NAVER)
    return (agrees if year.status == 200 else differs)(status=year.status)


LISTS = (
    Check(
        "page-edges",
        _("The first page has 0 as 'previous', and the last page 0 as 'next'."),
        _(
            "If it is 'next', lists may not end, or end early: do not rely on payments.list() or "
            "reconcile. 'previous' is not used."
        ),
        (probes.FIRST_PAGE, probes.LAST_PAGE),
        _page_edges,
    ),
    Check(
        "page-beyond-end",
        _("PortOne answers a page beyond the end with HTTP 400."),
        _("The client ends lists by 'next' and requests no such page, so nothing breaks."),
        (probes.FIRST_PAGE, probes.BEYOND_END),
        _beyond_end,
    ),
    Check(
        "page-order",
        _("A list of paid payments comes in the requested order."),
        _("The client notices, and reads the period in many small parts: lists are slower."),
        (probes.FIRST_PAGE,),
        _page_order,
    ),
    Check(
        "period-ends",
        _("A period includes both its first and its last second."),
        _("Payments of the second between two periods may be missing: do not rely on lists."),
        (probes.FIRST_PAGE, probes.ONE_SECOND),
        _period_ends,
    ),
    Check(
        "empty-period",
        _("PortOne answers a period without payments with an empty page."),
        _(
            "An error counts as 'empty' only if no other list contradicts it; reconcile reports "
            "these periods as assumed to be empty."
        ),
        (probes.EMPTY_PERIOD,),
        _empty_period,
    ),
    Check(
        "pending-status",
        _("PortOne refuses a list of the status 'pending' with HTTP 400."),
        _("payments.list('pending') works for this account: nothing breaks."),
        (probes.PENDING,),
        _pending,
    ),
    Check(
        "schedule-list",
        _("A list of schedules is a page, although PortOne documents an array."),
        _("The client reads both. An array tells no total: please report it."),
        (probes.SCHEDULES,),
        _schedules,
    ),
    Check(
        "naver-review-period",
        _("PortOne lists the Naver Pay reviews of a whole year by one request."),
        _("naver.reviews() does not split periods: request shorter ones."),
        (probes.PG_SETTINGS, probes.NAVER_DAY, probes.NAVER_YEAR),
        _reviews,
    ),
)
