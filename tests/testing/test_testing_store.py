"""What the fake keeps, compared with a store that reads everything each time."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import product
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.models import Payment, PaymentStatus
from portone_async.testing import FakePortOne
from portone_async.testing.generate import KST, payments_of_a_day
from portone_async.testing.reply import php_json

STATUSES = ("ready", "paid", "failed", "cancelled", "pending")
TIMES = {"paid": "paid_at", "failed": "failed_at", "cancelled": "cancelled_at"}
SORTINGS = (None, "started", "-started", "paid", "-paid", "updated", "-updated")

times = st.integers(0, 6)
payments = st.fixed_dictionaries(
    {
        "status": st.sampled_from(STATUSES),
        "merchant_uid": st.sampled_from("abc"),
        "started_at": times,
        "paid_at": times,
        "failed_at": times,
        "cancelled_at": times,
    }
)
changes = st.one_of(
    st.tuples(st.just("add"), st.lists(payments, max_size=3)),
    st.tuples(st.just("add_many"), st.lists(payments, max_size=6)),
    st.tuples(st.just("update"), st.tuples(st.integers(0, 20), payments)),
    st.tuples(st.just("remove"), st.integers(0, 20)),
)


class Plain:
    """The slow store: a list of fields, with when each was added and changed."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.serial = 0

    def put(self, fields: dict[str, Any], added: int | None = None) -> dict[str, Any]:
        self.serial += 1
        own = {"added": added or self.serial, "changed": self.serial}
        entry = {"imp_uid": f"imp_{own['added']}", **fields, **own}
        self.entries.append(entry)
        return entry

    def sorted(self, entries: Iterator[dict[str, Any]], sorting: str | None) -> list[str]:
        known = sorting or "-started"
        keys = {
            "started": ("started_at", "added"),
            "paid": ("paid_at", "added"),
            "updated": ("changed", "changed"),
        }
        names = keys[known.removeprefix("-")]
        ordered = sorted(
            entries, key=lambda entry: [entry[n] for n in names], reverse=known.startswith("-")
        )
        return [entry["imp_uid"] for entry in ordered]

    def in_period(self, since: int, until: int, status: str | None) -> Iterator[dict[str, Any]]:
        for each in self.entries:
            time = each[TIMES.get(each["status"], "started_at")]
            if status in (None, each["status"]) and since <= time <= until:
                yield each

    def of_order(self, merchant_uid: str, status: str | None) -> Iterator[dict[str, Any]]:
        for each in self.entries:
            if each["merchant_uid"] == merchant_uid and status in (None, each["status"]):
                yield each


def apply(change: str, value: Any, server: FakePortOne, plain: Plain) -> None:
    match change:
        case "add":
            for fields in value:
                server.add(imp_uid=plain.put(fields)["imp_uid"], **fields)
        case "add_many":
            server.add_many({"imp_uid": plain.put(fields)["imp_uid"], **fields} for fields in value)
        case "update" if plain.entries:
            index, fields = value
            old = plain.entries.pop(index % len(plain.entries))
            server.update(plain.put(fields, old["added"])["imp_uid"], **fields)
        case "remove" if plain.entries:
            server.remove(plain.entries.pop(value % len(plain.entries))["imp_uid"])
        case _:
            pass


@given(history=st.lists(changes, max_size=8), since=times, length=times)
def test_after_any_history_every_look_up_gives_what_a_full_search_would(
    history: list[tuple[str, Any]], since: int, length: int
) -> None:
    server, plain = FakePortOne(), Plain()
    store = server.payments
    for change, value in history:
        apply(change, value, server, plain)
        # Asked in between as well: a remembered answer must not outlive a change.
        for begin, until in ((since, since + length), (0, since), (since, 6)):
            found = store.between(begin, until, status=None, sorting="paid")
            expected = plain.in_period(begin, until, None)
            assert [each.imp_uid for each in found] == plain.sorted(expected, "paid")

    until = since + length
    for sorting, status in product(SORTINGS, (None, *STATUSES)):
        found = store.between(since, until, status=status, sorting=sorting)
        expected = plain.in_period(since, until, status)
        assert [each.imp_uid for each in found] == plain.sorted(expected, sorting)
        for merchant_uid in "abc":
            found = store.of_order(merchant_uid, status=status, sorting=sorting)
            expected = plain.of_order(merchant_uid, status)
            assert [each.imp_uid for each in found] == plain.sorted(expected, sorting)
    asked = {"imp_1", "imp_4", "imp_9"}
    assert [each.imp_uid for each in store.among(asked, {"a", "z"})] == plain.sorted(
        (e for e in plain.entries if e["imp_uid"] in asked or e["merchant_uid"] == "a"), None
    )
    assert len(store) == len(plain.entries)


def test_a_payment_added_before_a_period_does_not_bring_back_an_old_answer() -> None:
    server = FakePortOne()
    server.add_many({"imp_uid": f"imp_{n}", "paid_at": n} for n in (2, 3))
    store = server.payments
    assert len(store.between(2, 3, status="paid", sorting="paid")) == 2
    server.add(imp_uid="imp_1", paid_at=1)

    found = store.between(1, 2, status="paid", sorting="paid")
    assert [each.imp_uid for each in found] == ["imp_1", "imp_2"]


# Many at once


def body(server: FakePortOne, imp_uid: str) -> dict[str, Any]:
    entry = server.payments.get(imp_uid)
    assert entry is not None
    return entry.body(extension=True)


EXAMPLES: list[dict[str, Any]] = [
    {},
    {"merchant_uid": "o", "amount": Decimal("10.50"), "currency": "USD"},
    {"status": PaymentStatus.CANCELLED, "amount": 500, "pg_tid": "tid"},
    {"status": "failed", "failed_at": datetime(2026, 2, 2, tzinfo=UTC)},
    {"brand_new": [1], "escrow": msgspec.UNSET, "paid_at": None, "extension": {"a": 1}},
]


def test_many_are_added_as_each_would_be_alone() -> None:
    one, many = FakePortOne(now=1e9), FakePortOne(now=1e9)
    uids = [one.add(**fields).imp_uid for fields in EXAMPLES]
    many.add_many(iter(EXAMPLES))

    assert [body(many, uid) for uid in uids] == [body(one, uid) for uid in uids]
    assert "escrow" not in body(many, uids[-1])


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ({"amount": "much"}, msgspec.ValidationError),
        ({"imp_uid": "imp_1"}, ValueError),
        ({"imp_uid": 5}, msgspec.ValidationError),
    ],
)
def test_one_of_many_that_is_refused_leaves_those_before_it(
    bad: dict[str, Any], error: type[Exception]
) -> None:
    server = FakePortOne()
    with pytest.raises(error):
        server.add_many([{"imp_uid": "imp_1"}, bad, {"imp_uid": "imp_2"}])

    found = server.payments.between(0, 1e12, status="paid", sorting=None)
    assert [each.imp_uid for each in found] == ["imp_1"]
    server.remove("imp_1")
    assert server.payments.between(0, 1e12, status=None, sorting=None) == []


def test_others_may_be_added_while_many_come_in() -> None:
    server = FakePortOne()

    def coming() -> Iterator[dict[str, Any]]:
        yield {"imp_uid": "imp_1", "paid_at": 5}
        server.add(imp_uid="imp_2", paid_at=5)
        yield {"imp_uid": "imp_3", "paid_at": 5}

    server.add_many(coming())
    server.remove("imp_2")
    found = server.payments.between(5, 5, status="paid", sorting="paid")
    assert [each.imp_uid for each in found] == ["imp_1", "imp_3"]


def test_an_update_moves_a_payment_to_its_new_order_and_status() -> None:
    server = FakePortOne()
    server.add_many({"imp_uid": f"imp_{n}", "merchant_uid": "o"} for n in (1, 2))
    server.update("imp_1", merchant_uid="p", status="failed", failed_at=7)

    store = server.payments
    assert [each.imp_uid for each in store.of_order("o")] == ["imp_2"]
    assert [each.imp_uid for each in store.of_order("p")] == ["imp_1"]
    failed = store.between(7, 7, status="failed", sorting=None)
    assert [each.imp_uid for each in failed] == ["imp_1"]


# PHP's spelling

# DEL is the one character that PHP writes as it is and Python does not.
texts = st.text(st.characters(exclude_characters="\x7f", exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_json_is_spelled_exactly_as_php_does_it(value: Any) -> None:
    # Python's own encoder escapes as PHP does, but for the slash.
    spelled = json.dumps(value, separators=(",", ":"), sort_keys=True).replace("/", "\\/")
    assert php_json(value) == spelled.encode()


# A day that never was

DAY = date(2026, 11, 1)


@pytest.mark.parametrize("number", [1, 999, 1000, 2500])
def test_an_invented_day_is_of_that_many_payments_within_a_korean_day(number: int) -> None:
    server = FakePortOne()
    server.add_many(payments_of_a_day(number, DAY))
    midnight = datetime(2026, 10, 31, 15, tzinfo=UTC).timestamp()

    store = server.payments
    found = store.between(midnight, midnight + 24 * 3600 - 1, status=None, sorting="updated")
    assert [each.merchant_uid for each in found] == [f"order-{n:07}" for n in range(1, number + 1)]
    assert found[0].moment == midnight
    for status, rest in (("cancelled", 250), ("failed", 500), ("ready", 750)):
        of_status = store.between(0, 1e12, status=status, sorting="updated")
        assert [each.imp_uid for each in of_status] == [
            f"imp_{n:012}" for n in range(1, number + 1) if n % 1000 == rest
        ]


def test_an_invented_payment_is_the_same_each_time_and_of_a_known_amount() -> None:
    first, second = (list(payments_of_a_day(60_000, DAY)) for _ in range(2))

    assert first == second
    assert [each["amount"] for each in first[48_998:49_001]] == [49_999, 50_000, 50_001]
    assert first[49_999]["amount"] == 1000
    assert {each["imp_uid"] for each in first[:1000]}.isdisjoint(
        each["imp_uid"] for each in first[1000:]
    )


def test_the_last_invented_payment_is_near_the_end_of_the_day() -> None:
    *_, last = payments_of_a_day(86_400, DAY)
    assert datetime.fromtimestamp(last["paid_at"], KST) == datetime(
        2026, 11, 1, 23, 59, 59, tzinfo=KST
    )
    assert KST.utcoffset(None) == timedelta(hours=9)


def test_invented_payments_were_not_started_in_the_order_in_which_they_were_paid() -> None:
    paid = [each for each in payments_of_a_day(86_400, DAY) if each["status"] == "paid"]

    assert paid == sorted(paid, key=lambda each: each["paid_at"])
    assert paid != sorted(paid, key=lambda each: each["started_at"])


def test_an_invented_payment_is_one_that_a_client_can_read() -> None:
    server = FakePortOne()
    server.add_many(payments_of_a_day(250, DAY))
    payment = msgspec.convert(body(server, "imp_000000000250"), Payment, strict=False)

    assert payment.status == "cancelled"
    assert payment.balance == 0
    assert payment.started_at is not None
    assert payment.paid_at is not None
    assert payment.cancelled_at is not None
    assert payment.started_at < payment.paid_at < payment.cancelled_at
