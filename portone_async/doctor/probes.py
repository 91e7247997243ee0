"""The requests of the checks, made from the earlier answers. Pure."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

from portone_async.call import Call, QueryValue
from portone_async.models import Sorting
from portone_async.models.payments import PaymentPage
from portone_async.resources._windows import Window
from portone_async.resources.billing_keys._calls import listed_call
from portone_async.resources.payments._batch import (
    LARGEST_BATCH,
    Identifier,
    batch_call,
)
from portone_async.resources.payments._calls import find_all_call, find_call, get_call, list_call
from portone_async.resources.schedules._calls import list_call as schedules_call

from .check import Probe
from .evidence import Evidence
from .json_values import object_of
from .sample import (
    MOST_ORDERS,
    imp_uid_of,
    payment_of_test_channel,
    repeated_orders,
    with_promotion,
)

__all__ = (
    "BARE_TOKEN",
    "BATCH_OF_ORDERS",
    "BATCH_OF_TEST",
    "BATCH_PARTIAL",
    "BATCH_UNKNOWN",
    "BEYOND_END",
    "BILLING_KEYS",
    "EMPTY_PERIOD",
    "FIND_UNKNOWN",
    "FIRST_PAGE",
    "FULL_BATCH",
    "FULL_BATCH_OF_KEYS",
    "GET_UNKNOWN",
    "LAST_PAGE",
    "LIST_UNKNOWN",
    "NAVER_DAY",
    "NAVER_YEAR",
    "ONE_SECOND",
    "ORDERS",
    "PENDING",
    "PG_SETTINGS",
    "PREPARED",
    "QUOTED_SLASH",
    "RECENT",
    "REFUSED_TOKEN",
    "SCHEDULES",
    "TEST_HIDDEN",
    "TEST_INCLUDED",
    "UNKNOWN_BANK",
    "UNKNOWN_CARD",
    "UNKNOWN_TIER",
    "WAITED",
)

_PAGE_SIZE = 20
_SAMPLE_SIZE = 1000
_DAYS = 89  # PortOne accepts 90, by its own clock.
_FIND = "GET /payments/find/{merchant_uid}"
_FIND_ALL = "GET /payments/findAll/{merchant_uid}"
_GET = "GET /payments/{imp_uid}"
_LIST = "GET /payments/status/{payment_status}"
_BATCH = "GET /payments"
_PREPARED = "GET /payments/prepare/{merchant_uid}"
_REVIEWS = "GET /naver/reviews"

Calls = Callable[[Evidence], Sequence[Call[Any]]]


def _window(evidence: Evidence) -> Window:
    end = evidence.started_at
    return Window(int((end - timedelta(days=_DAYS)).timestamp()), int(end.timestamp()))


def _listed(evidence: Evidence, status: str, sorting: Sorting, page: int, size: int) -> Call[Any]:
    return list_call(status, _window(evidence), sorting, page, size, response=PaymentPage)


def _bad(_: str) -> str:
    return f"Bearer {'0' * 40}"


def _bare(header: str) -> str:
    return header.removeprefix("Bearer ")


def _find_unknown(evidence: Evidence) -> Sequence[Call[Any]]:
    return [find_call(evidence.unknown.order, None, None)]


FIND_UNKNOWN = Probe("find-unknown", _FIND, _find_unknown)
BARE_TOKEN = Probe("bare-token", _FIND, _find_unknown, authorization=_bare)
REFUSED_TOKEN = Probe("refused-token", _FIND, _find_unknown, authorization=_bad)
WAITED = Probe("waited", _FIND, _find_unknown, authorization=_bad)
QUOTED_SLASH = Probe(
    "quoted-slash", _FIND, lambda e: [find_call(f"{e.unknown.order}/a", None, None)]
)
LIST_UNKNOWN = Probe(
    "list-unknown", _FIND_ALL, lambda e: [find_all_call(e.unknown.order, None, None, 1, _PAGE_SIZE)]
)
GET_UNKNOWN = Probe(
    "get-unknown",
    _GET,
    lambda e: [get_call(e.unknown.imp_uid, include_sandbox=True, extension=False)],
)
BATCH_UNKNOWN = Probe(
    "batch-unknown", _BATCH, lambda e: [batch_call([Identifier("merchant_uid", e.unknown.order)])]
)
RECENT = Probe(
    "recent",
    _LIST,
    lambda e: [_listed(e, "all", Sorting.STARTED_DESC, 1, _SAMPLE_SIZE)],
    must_succeed=True,
)


def _batch_partial(evidence: Evidence) -> Sequence[Call[Any]]:
    ids = [*map(imp_uid_of, evidence.sample[:1]), evidence.unknown.imp_uid]
    return [batch_call(Identifier("imp_uid", uid) for uid in ids)] if len(ids) > 1 else []


def _batch_of_orders(evidence: Evidence) -> Sequence[Call[Any]]:
    orders = repeated_orders(evidence)
    return [batch_call(Identifier("merchant_uid", o) for o in orders)] if orders else []


def _orders(evidence: Evidence) -> Sequence[Call[Any]]:
    orders = repeated_orders(evidence)
    return [find_all_call(order, None, None, 1, _SAMPLE_SIZE) for order in orders]


BATCH_PARTIAL = Probe("batch-partial", _BATCH, _batch_partial)
BATCH_OF_ORDERS = Probe("batch-of-orders", _BATCH, _batch_of_orders, must_succeed=True)
ORDERS = Probe("orders", _FIND_ALL, _orders, most=MOST_ORDERS, must_succeed=True)


def _hundred(name: str) -> list[str]:
    """Return a hundred names that exist nowhere, of 53 bytes each: 27 of them are Korean."""
    return [f"doctor-{name[-16:]}-{number:02}가나다" for number in range(LARGEST_BATCH)]


FULL_BATCH = Probe(
    "full-batch",
    _BATCH,
    lambda e: [batch_call(Identifier("merchant_uid", o) for o in _hundred(e.unknown.order))],
)
FULL_BATCH_OF_KEYS = Probe(
    "full-batch-of-keys",
    "GET /subscribe/customers",
    lambda e: [listed_call(_hundred(e.unknown.customer_uid))],
)


def _page(number: int) -> Calls:
    return lambda evidence: [_listed(evidence, "paid", Sorting.PAID_ASC, number, _PAGE_SIZE)]


def _from_last(offset: int) -> Calls:
    def calls(evidence: Evidence) -> Sequence[Call[Any]]:
        first = evidence.first(FIRST_PAGE.name)
        total = (
            None if first is None or not first.records else object_of(first.response).get("total")
        )
        if not isinstance(total, int):
            return []
        return _page(ceil(total / _PAGE_SIZE) + offset)(evidence)

    return calls


def _one_second(evidence: Evidence) -> Sequence[Call[Any]]:
    first = evidence.first(FIRST_PAGE.name)
    second = None if first is None or not first.records else first.records[0].get("paid_at")
    if not isinstance(second, int):
        return []
    window = Window(second, second)
    return [list_call("paid", window, Sorting.PAID_ASC, 1, _SAMPLE_SIZE, response=PaymentPage)]


def _empty_period(_: Evidence) -> Sequence[Call[Any]]:
    day = int(datetime(2001, 1, 1, tzinfo=UTC).timestamp())  # PortOne is younger.
    window = Window(day, day + 3600)
    return [list_call("paid", window, Sorting.PAID_ASC, 1, _PAGE_SIZE, response=PaymentPage)]


FIRST_PAGE = Probe("first-page", _LIST, _page(1), must_succeed=True)
LAST_PAGE = Probe("last-page", _LIST, _from_last(0), must_succeed=True)
BEYOND_END = Probe("beyond-end", _LIST, _from_last(1))
ONE_SECOND = Probe("one-second", _LIST, _one_second, must_succeed=True)
EMPTY_PERIOD = Probe("empty-period", _LIST, _empty_period)
PENDING = Probe(
    "pending", _LIST, lambda e: [_listed(e, "pending", Sorting.STARTED_DESC, 1, _PAGE_SIZE)]
)


def _of_test(call: Callable[[str], Call[Any]]) -> Calls:
    def calls(evidence: Evidence) -> Sequence[Call[Any]]:
        imp_uid = payment_of_test_channel(evidence)
        return [] if imp_uid is None else [call(imp_uid)]

    return calls


TEST_HIDDEN = Probe(
    "test-hidden",
    _GET,
    _of_test(lambda uid: get_call(uid, include_sandbox=False, extension=False)),
)
TEST_INCLUDED = Probe(
    "test-included",
    _GET,
    _of_test(lambda uid: get_call(uid, include_sandbox=True, extension=False)),
)
BATCH_OF_TEST = Probe(
    "batch-of-test", _BATCH, _of_test(lambda uid: batch_call([Identifier("imp_uid", uid)]))
)


def _prepared(evidence: Evidence) -> Sequence[Call[Any]]:
    orders = [str(payment["merchant_uid"]) for payment in with_promotion(evidence)]
    route = _PREPARED.removeprefix("GET ")
    return [Call("GET", route, dict[str, Any], path={"merchant_uid": order}) for order in orders]


PREPARED = Probe("prepared", _PREPARED, _prepared, most=MOST_ORDERS)


def _billing_keys(evidence: Evidence) -> Sequence[Call[Any]]:
    names = (payment.get("customer_uid") for payment in evidence.sample)
    known = next((name for name in names if isinstance(name, str) and name), None)
    return [] if known is None else [listed_call([known, evidence.unknown.customer_uid])]


BILLING_KEYS = Probe("billing-keys", "GET /subscribe/customers", _billing_keys)


def _unknown_code(name: str, endpoint: str, parameter: str) -> Probe:
    # No bank, no card company and no sub-merchant has it.
    path = {parameter: "Z0Z"}
    call = Call("GET", endpoint.removeprefix("GET "), dict[str, Any], path=path)
    return Probe(name, endpoint, lambda _: [call])


UNKNOWN_BANK = _unknown_code(
    "unknown-bank", "GET /banks/{bank_standard_code}", "bank_standard_code"
)
UNKNOWN_CARD = _unknown_code(
    "unknown-card", "GET /cards/{card_standard_code}", "card_standard_code"
)
UNKNOWN_TIER = _unknown_code("unknown-tier", "GET /tiers/{tier_code}", "tier_code")


def _schedules(evidence: Evidence) -> Sequence[Call[Any]]:
    end = int(evidence.started_at.timestamp())
    return [schedules_call(Window(end - 80 * 86400, end), None, None, 1, _PAGE_SIZE)]


SCHEDULES = Probe("schedules", "GET /subscribe/payments/schedule", _schedules)
PG_SETTINGS = Probe("pg-settings", "GET /users/pg", lambda _: [Call("GET", "/users/pg", list[Any])])


def _reviews(days: int) -> Calls:
    def calls(evidence: Evidence) -> Sequence[Call[Any]]:
        settings = evidence.first(PG_SETTINGS.name)
        channels = [] if settings is None else settings.records
        naver = [c for c in channels if str(c.get("pg_provider")).startswith("naver")]
        return [_reviews_call(evidence, str(c.get("channel_key")), days) for c in naver[:1]]

    return calls


def _reviews_call(evidence: Evidence, channel_key: str, days: int) -> Call[Any]:
    end = int(evidence.started_at.timestamp())
    query: dict[str, QueryValue] = {
        "channel_key": channel_key,
        "from": end - days * 86400,
        "to": end,
        "review_type": "general",
    }
    return Call("GET", "/naver/reviews", list[Any], query=query)


NAVER_DAY = Probe("naver-day", _REVIEWS, _reviews(1))
NAVER_YEAR = Probe("naver-year", _REVIEWS, _reviews(365))
