"""Test that a list without the fields that nothing reads has the same payments as a whole list."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portone_async import Payment, PortOneError
from portone_async._http.reply import Reply, parse
from portone_async.models import Sorting
from portone_async.models._listed_payment import (
    ListedPayment,
    ListedPaymentPage,
    PlainPayment,
)
from portone_async.models.payments import PaymentPage
from portone_async.reconcile import PaymentSnapshot, _listed
from portone_async.reconcile._store.payment_rows import from_columns, to_columns
from portone_async.resources._windows import Window
from portone_async.resources.payments._batch import Identifier, batch_call
from portone_async.resources.payments._calls import list_call
from tests.support.sample_bodies import SAMPLES
from tests.support.samples import CARD_PAID, PARTIALLY_CANCELLED, ok
from tests.unit.test_odd_fields import FIELDS, values

SNAPSHOT_FIELDS = PaymentSnapshot.__struct_fields__


def snapshot(payment: ListedPayment | PlainPayment) -> PaymentSnapshot:
    """Return a payment as it is read from a store."""
    return from_columns(*to_columns(payment))


def read_both(
    body: bytes, status: str = "all"
) -> tuple[PaymentPage | PortOneError, ListedPaymentPage | PortOneError]:
    """Read a body with all fields of each payment, and with those that a reconciliation reads."""
    arguments = (status, Window(0, 1), Sorting.PAID_ASC, 1, 100)
    reply = Reply(200, {}, body)
    return (
        parse(list_call(*arguments), reply),
        parse(list_call(*arguments, response=ListedPaymentPage), reply),
    )


def assert_same(body: bytes, status: str = "all") -> None:
    whole, listed = read_both(body, status)
    if isinstance(whole, PortOneError):
        assert (type(listed), str(listed)) == (type(whole), str(whole))
        return
    assert not isinstance(listed, PortOneError)
    assert (listed.total, listed.next) == (whole.total, whole.next)
    assert listed.unreadable == whole.unreadable
    assert [*map(snapshot, listed.list)] == [*map(PaymentSnapshot.of, whole.list)]
    for payment, original in zip(listed.list, whole.list, strict=True):
        assert type(payment.status) is str
        # The notation of an amount is the same one, too.
        of_look_up = _listed.snapshot(payment)
        assert repr(snapshot(payment)) == repr(of_look_up) == repr(PaymentSnapshot.of(original))
        for name in ("started_at", "paid_at"):
            assert second(getattr(payment, name)) == second(getattr(original, name))


def assert_same_in_array(items: list[Any]) -> None:
    """Compare both ways to read the array that a batch look-up returns."""
    reply, ids = Reply(200, {}, ok(items)), [Identifier("imp_uid", "imp_1")]
    whole = parse(batch_call(ids), reply)
    listed = parse(batch_call(ids, response=_listed.ListedPaymentListing), reply)
    if isinstance(whole, PortOneError):
        assert (type(listed), str(listed)) == (type(whole), str(whole))
        return
    assert not isinstance(listed, PortOneError)
    assert listed.unreadable == whole.unreadable
    expected = [*map(PaymentSnapshot.of, whole.list)]
    assert repr([*map(_listed.snapshot, listed.list)]) == repr(expected)


def second(time: datetime | int | None) -> float:
    """Return the second that a walk sorts by; 0 for none."""
    return time.timestamp() if isinstance(time, datetime) else time or 0


def page_body(*payments: Any) -> bytes:
    return ok({"total": len(payments), "previous": 0, "next": 0, "list": list(payments)})


def payments_in(response: Any) -> Iterator[dict[str, Any]]:
    # Not narrowed by its type: to pyright a dict of any JSON is one of unknown types.
    parts: Any = response
    if isinstance(response, dict):
        if {"imp_uid", "merchant_uid", "status"} <= parts.keys():
            yield parts
        parts = [*parts.values()]
    if isinstance(parts, list):
        for part in parts:  # pyright: ignore[reportUnknownVariableType]  # JSON
            yield from payments_in(part)


PAYMENTS = [
    CARD_PAID,
    PARTIALLY_CANCELLED,
    *(payment for sample in SAMPLES.values() for payment in payments_in(sample.body)),
]


@pytest.mark.parametrize("payment", PAYMENTS, ids=lambda payment: str(payment["imp_uid"]))
def test_payment_of_a_sample_has_the_same_snapshot(payment: dict[str, Any]) -> None:
    assert_same(page_body(payment))


names = st.sampled_from([*SNAPSHOT_FIELDS, *SNAPSHOT_FIELDS, *FIELDS, "new_field"])
odd_fields = st.dictionaries(names, values, max_size=4)


@st.composite
def payments(draw: st.DrawFn) -> Any:
    """Draw a payment with odd fields, without some fields, or another JSON value."""
    if draw(st.integers(0, 9)) == 0:
        return draw(values)
    payment = draw(st.sampled_from(PAYMENTS)) | draw(odd_fields)
    absent = draw(st.sets(names, max_size=2))
    return {name: value for name, value in payment.items() if name not in absent}


@given(st.lists(payments(), max_size=5), st.sampled_from(["all", "paid", "cancelled"]))
@example(
    [CARD_PAID | {"status": "", "sandbox": "1", "paid_at": "2026-02-02T00:00:00+09:00"}], "all"
)
@example([CARD_PAID | {"amount": "NaN"}, CARD_PAID | {"cancel_amount": 1e300}], "all")
@example([CARD_PAID | {"failed_at": "9999-12-31T23:59:59-23:00", "currency": "null"}], "all")
@example([CARD_PAID | {"cancelled_at": "9999-12-31T23:59:59-23:00", "imp_uid": 5}], "all")
def test_odd_payments_have_the_same_snapshots(items: list[Any], status: str) -> None:
    assert_same(page_body(*items), status)
    assert_same_in_array(items)


DEEP = b"[" * 2_000 + b"]" * 2_000


@pytest.mark.parametrize("name", ["extension", "new_field", "currency", "paid_at", "imp_uid"])
def test_deeply_nested_value_leaves_the_same_snapshots(name: str) -> None:
    odd = page_body(CARD_PAID | {name: "DEEP"}, CARD_PAID | {"imp_uid": "imp_2"})

    assert_same(odd.replace(b'"DEEP"', DEEP))


@pytest.mark.parametrize("value", [b"5", b'"USD"', b"null", b"[]"])
@pytest.mark.parametrize("name", [b"currency", b"amount", b"status", b"paid_at"])
def test_repeated_field_leaves_the_same_snapshots(name: bytes, value: bytes) -> None:
    original = page_body(CARD_PAID)

    assert_same(original.replace(b'"imp_uid":', b'"%b": %b, "imp_uid":' % (name, value)))


@pytest.mark.parametrize("part", [b'"total"', b'"next"', b'"list"', b'"code"', b'"response"'])
def test_broken_frame_is_the_same_error(part: bytes) -> None:
    assert_same(page_body(CARD_PAID, None).replace(part, b'"other"'))


def test_truncated_page_is_the_same_error() -> None:
    assert_same(page_body(CARD_PAID)[:-1])


def test_invalid_utf_8_is_the_same_error() -> None:
    assert_same(page_body(CARD_PAID | {"buyer_name": "NAME"}).replace(b"NAME", b"\xff"))


def test_strict_fields_are_those_of_a_payment_in_the_same_order() -> None:
    assert [*ListedPayment.strict_fields()] == [*Payment.strict_fields()]


def test_listed_payment_has_every_field_of_a_snapshot_in_its_type() -> None:
    fields = {field.name: field for field in msgspec.structs.fields(ListedPayment)}
    originals = {field.name: field for field in msgspec.structs.fields(Payment)}

    assert {*SNAPSHOT_FIELDS} <= {*fields}
    for name in {*fields} - {"status"}:
        assert (fields[name].type, fields[name].default) == (
            originals[name].type,
            originals[name].default,
        )


def test_ordinary_payments_are_plain() -> None:
    _, page = read_both(page_body(CARD_PAID, PARTIALLY_CANCELLED))
    assert not isinstance(page, PortOneError)

    assert {*map(type, page.list)} == {PlainPayment}


@pytest.mark.parametrize(
    "odd",
    [
        {"amount": 12.5},
        {"amount": "1000"},
        {"amount": -1},
        {"amount": 10**9},
        {"cancel_amount": 0.5},
        {"paid_at": "2026-02-02T00:00:00Z"},
        {"paid_at": -1},
        {"paid_at": 1770000062.5},
        {"sandbox": "true"},
    ],
)
def test_page_with_another_payment_is_not_plain(odd: dict[str, Any]) -> None:
    body = page_body(CARD_PAID, CARD_PAID | odd | {"imp_uid": "imp_2"})
    _, page = read_both(body)
    assert not isinstance(page, PortOneError)

    assert {*map(type, page.list)} == {ListedPayment}
    assert_same(body)


def test_repr_names_no_field_of_the_buyer() -> None:
    _, page = read_both(page_body(CARD_PAID))
    assert not isinstance(page, PortOneError)
    assert repr(page.list[0]) == (
        "PlainPayment(imp_uid='imp_770000000101', merchant_uid='ORD-20260202-0001', status='paid',"
        " amount=15000, cancel_amount=0, currency='KRW', sandbox=False, started_at=1770000000,"
        " paid_at=1770000062, cancelled_at=0)"
    )

    _, page = read_both(page_body(CARD_PAID | {"amount": 1.5}))
    assert not isinstance(page, PortOneError)
    assert repr(page.list[0]) == (
        "ListedPayment(imp_uid='imp_770000000101', merchant_uid='ORD-20260202-0001',"
        " status='paid', amount=Decimal('1.5'), cancel_amount=Decimal('0'), currency='KRW',"
        " sandbox=False)"
    )
