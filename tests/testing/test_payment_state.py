"""The payments of the fake, compared with a list that is searched as a whole; PHP's JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from itertools import product
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.models import PaymentStatus
from portone_async.testing.endpoints.payments import Payments
from portone_async.testing.reply import php_json
from tests.support.fake_account import fake_account

STATUSES = ("ready", "paid", "failed", "cancelled", "pending")
TIMES = {"paid": "paid_at", "failed": "failed_at", "cancelled": "cancelled_at"}
SORTINGS = (None, "started", "-started", "paid", "-paid", "updated", "-updated")

times = st.integers(0, 6)
fields_of_payments = st.fixed_dictionaries(
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
    st.tuples(st.just("add"), st.lists(fields_of_payments, max_size=3)),
    st.tuples(st.just("add_many"), st.lists(fields_of_payments, max_size=6)),
    st.tuples(st.just("update"), st.tuples(st.integers(0, 20), fields_of_payments)),
    st.tuples(st.just("remove"), st.integers(0, 20)),
)


class SlowPayments:
    """A list of fields, with serials of their addition and last change."""

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
        for entry in self.entries:
            time = entry[TIMES.get(entry["status"], "started_at")]
            if status in (None, entry["status"]) and since <= time <= until:
                yield entry

    def of_order(self, merchant_uid: str, status: str | None) -> Iterator[dict[str, Any]]:
        for entry in self.entries:
            if entry["merchant_uid"] == merchant_uid and status in (None, entry["status"]):
                yield entry


def apply(change: str, value: Any, payments: Payments, slow: SlowPayments) -> None:
    match change:
        case "add":
            for fields in value:
                payments.add(imp_uid=slow.put(fields)["imp_uid"], **fields)
        case "add_many":
            payments.add_many(
                {"imp_uid": slow.put(fields)["imp_uid"], **fields} for fields in value
            )
        case "update" if slow.entries:
            index, fields = value
            old = slow.entries.pop(index % len(slow.entries))
            payments.update(slow.put(fields, old["added"])["imp_uid"], **fields)
        case "remove" if slow.entries:
            payments.remove(slow.entries.pop(value % len(slow.entries))["imp_uid"])
        case _:
            pass


@given(history=st.lists(changes, max_size=8), since=times, length=times)
def test_look_ups_match_a_full_search_after_any_changes(
    history: list[tuple[str, Any]], since: int, length: int
) -> None:
    payments, slow = Payments(fake_account()), SlowPayments()
    for change, value in history:
        apply(change, value, payments, slow)
        # Also looked up in between: a cached slice must not outlive a change.
        for begin, until in ((since, since + length), (0, since), (since, 6)):
            entries = payments.between(begin, until, status=None, sorting="paid")
            expected = slow.in_period(begin, until, None)
            assert [entry.imp_uid for entry in entries] == slow.sorted(expected, "paid")

    until = since + length
    for sorting, status in product(SORTINGS, (None, *STATUSES)):
        entries = payments.between(since, until, status=status, sorting=sorting)
        expected = slow.in_period(since, until, status)
        assert [entry.imp_uid for entry in entries] == slow.sorted(expected, sorting)
        for merchant_uid in "abc":
            entries = payments.of_order(merchant_uid, status=status, sorting=sorting)
            expected = slow.of_order(merchant_uid, status)
            assert [entry.imp_uid for entry in entries] == slow.sorted(expected, sorting)
    ids = {"imp_1", "imp_4", "imp_9"}
    assert [entry.imp_uid for entry in payments.among(ids, {"a", "z"})] == slow.sorted(
        (e for e in slow.entries if e["imp_uid"] in ids or e["merchant_uid"] == "a"), None
    )
    assert len(payments) == len(slow.entries)


# The final status was reached in another order than the payments were started, paid or added in.
@pytest.mark.parametrize("status", STATUSES)
def test_sorting_is_independent_of_the_compared_time(status: str) -> None:
    payments, slow = Payments(fake_account()), SlowPayments()
    for started, paid, ended in ((1, 3, 5), (2, 2, 4), (3, 1, 6)):
        names = ("started_at", "paid_at", "failed_at", "cancelled_at")
        times = dict(zip(names, (started, paid, ended, ended), strict=True))
        apply("add", [{"status": status, **times}], payments, slow)
    for sorting in SORTINGS:
        entries = payments.between(0, 6, status=status, sorting=sorting)
        expected = slow.sorted(slow.in_period(0, 6, status), sorting)
        assert [entry.imp_uid for entry in entries] == expected


def test_added_payment_invalidates_cached_slices() -> None:
    payments = Payments(fake_account())
    payments.add_many({"imp_uid": f"imp_{n}", "paid_at": n} for n in (2, 3))
    assert len(payments.between(2, 3, status="paid", sorting="paid")) == 2
    payments.add(imp_uid="imp_1", paid_at=1)

    entries = payments.between(1, 2, status="paid", sorting="paid")
    assert [entry.imp_uid for entry in entries] == ["imp_1", "imp_2"]


# add_many


def body(payments: Payments, imp_uid: str) -> dict[str, Any]:
    entry = payments.get(imp_uid)
    assert entry is not None
    return entry.body(extension=True)


EXAMPLES: list[dict[str, Any]] = [
    {},
    {"merchant_uid": "o", "amount": Decimal("10.50"), "currency": "USD"},
    {"status": PaymentStatus.CANCELLED, "amount": 500, "pg_tid": "tid"},
    {"status": "failed", "failed_at": datetime(2026, 2, 2, tzinfo=UTC)},
    {"brand_new": [1], "escrow": msgspec.UNSET, "paid_at": None, "extension": {"a": 1}},
]


def test_add_many_adds_the_same_as_add() -> None:
    single, many = Payments(fake_account(1e9)), Payments(fake_account(1e9))
    uids = [single.add(**fields).imp_uid for fields in EXAMPLES]
    many.add_many(iter(EXAMPLES))

    assert [body(many, uid) for uid in uids] == [body(single, uid) for uid in uids]
    assert "escrow" not in body(many, uids[-1])


@pytest.mark.parametrize(
    ("bad", "error"),
    [
        ({"amount": "much"}, msgspec.ValidationError),
        ({"imp_uid": "imp_1"}, ValueError),
        ({"imp_uid": 5}, msgspec.ValidationError),
    ],
)
def test_invalid_payment_leaves_those_before_it(
    bad: dict[str, Any], error: type[Exception]
) -> None:
    payments = Payments(fake_account())
    with pytest.raises(error):
        payments.add_many([{"imp_uid": "imp_1"}, bad, {"imp_uid": "imp_2"}])

    entries = payments.between(0, 1e12, status="paid", sorting=None)
    assert [entry.imp_uid for entry in entries] == ["imp_1"]
    payments.remove("imp_1")
    assert payments.between(0, 1e12, status=None, sorting=None) == []


def test_payments_can_be_added_during_add_many() -> None:
    payments = Payments(fake_account())

    def payments_to_add() -> Iterator[dict[str, Any]]:
        yield {"imp_uid": "imp_1", "paid_at": 5}
        payments.add(imp_uid="imp_2", paid_at=5)
        yield {"imp_uid": "imp_3", "paid_at": 5}

    payments.add_many(payments_to_add())
    payments.remove("imp_2")
    entries = payments.between(5, 5, status="paid", sorting="paid")
    assert [entry.imp_uid for entry in entries] == ["imp_1", "imp_3"]


def test_update_moves_a_payment_to_its_new_order_and_status() -> None:
    payments = Payments(fake_account())
    payments.add_many({"imp_uid": f"imp_{n}", "merchant_uid": "o"} for n in (1, 2))
    payments.update("imp_1", merchant_uid="p", status="failed", failed_at=7)

    assert [entry.imp_uid for entry in payments.of_order("o")] == ["imp_2"]
    assert [entry.imp_uid for entry in payments.of_order("p")] == ["imp_1"]
    failed = payments.between(7, 7, status="failed", sorting=None)
    assert [entry.imp_uid for entry in failed] == ["imp_1"]


# PHP's spelling

# Python escapes DEL, PHP does not.
texts = st.text(st.characters(exclude_characters="\x7f", exclude_categories=["Cs"]))
values = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | texts,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(texts, inner, max_size=4),
    max_leaves=12,
)


@given(values)
def test_json_is_spelled_as_by_php(value: Any) -> None:
    # Python's own encoder escapes like PHP, except the slash.
    spelled = json.dumps(value, separators=(",", ":"), sort_keys=True).replace("/", "\\/")
    assert php_json(value) == spelled.encode()
