"""Test any JSON value in any field of a payment: decoded, named unreadable, or an error."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portone_async import (
    Call,
    Payment,
    Promotion,
    UnexpectedResponseError,
    UnreadablePayment,
)
from portone_async._http.reply import Reply, parse
from portone_async.models import Record, Sorting
from portone_async.models._listing import Listing, Page
from portone_async.models.payments import PaymentListing, PaymentPage
from portone_async.resources._windows import Window
from portone_async.resources.payments._batch import Identifier, batch_call
from portone_async.resources.payments._calls import find_call, list_call
from tests.support.samples import CARD_PAID, PARTIALLY_CANCELLED, ok

ORDER = str(CARD_PAID["merchant_uid"])
FIND = find_call(ORDER, None, None)
LIST = list_call("all", Window(0, 1), Sorting.PAID_ASC, 1, 100)
BATCH = batch_call([Identifier("merchant_uid", ORDER)])
STRICT = ("imp_uid", "merchant_uid", "status", "amount", "cancel_amount", "currency", "sandbox")
FIELDS = sorted({*Payment.__struct_fields__} - {"unreadable"})

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
parts = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("amount", "reason", "cancelled_at", "discount", "id"), json_values)
) | st.fixed_dictionaries({"amount": st.integers(0, 99)}, optional={"reason": json_values})
NEARLY_VALID: list[Any] = [
    *("", "null", "true", "1", "NaN", "1e999999", [], {}, [[]], [{}], 2**64),
    *(0, 1, -1, 1.5, 1770000000, 1e300, "1770000000", "2026-02-02T00:00:00Z"),
]
values: st.SearchStrategy[Any] = (
    json_values | st.sampled_from(NEARLY_VALID) | parts | st.lists(parts, max_size=3)
)
"""Any JSON, often close to a valid value."""


def root(path: str) -> str:
    return re.split(r"[.\[]", path)[0]


def decode(call: Call[Any], response: Any) -> Any:
    return parse(call, Reply(200, {}, ok(response)))


def equals_json(field: Any, value: Any) -> bool:
    """Return whether a decoded field equals the JSON value."""
    match field:
        case None:
            is_equal = value in (None, "null") or is_absent_time(value)
        case bool():
            is_equal = str(value).lower() in ({"true", "1"} if field else {"false", "0"})
        case Decimal() | int():
            is_equal = not isinstance(value, bool) and Decimal(str(value)) == field
        case datetime():
            is_equal = time_of(value) == field
        case tuple():
            is_equal = are_equal_records(field, [] if value in (None, "null") else value)
        case Record():
            is_equal = is_equal_record(field, value)
        case _:
            is_equal = field == value
    return is_equal


def is_absent_time(value: Any) -> bool:
    try:
        return time_of(value) <= datetime(1970, 1, 1, tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        return isinstance(value, str | int | float) and float(value) <= 0


def time_of(value: Any) -> datetime:
    try:
        return datetime.fromtimestamp(float(value), UTC)
    except ValueError:
        return datetime.fromisoformat(value)


def are_equal_records(records: Any, items: Any) -> bool:
    return len(records) == len(items) and all(map(is_equal_record, records, items))


def is_equal_record(record: Any, item: Any) -> bool:
    if not isinstance(record, Record):
        return bool(record == item)
    name = "discount" if isinstance(record, Promotion) else "amount"
    return equals_json(getattr(record, name), item.get(name, 0))


@given(st.sampled_from(FIELDS), values)
@example("extension", [])
@example("cancel_history", {})
@example("cancel_history", [{"amount": 1, "reason": []}, {"amount": []}])
@example("promotion", {"id": "", "discount": "0"})
@example("paid_at", "9999-12-31T23:59:59-23:00")
@example("card_quota", "")
def test_field_holds_the_sent_value_or_is_named_unreadable(name: str, value: Any) -> None:
    answer = decode(FIND, CARD_PAID | {name: value})

    if isinstance(answer, UnexpectedResponseError):
        assert name in STRICT
        if "another" in answer.reason:
            assert name == "merchant_uid"
            return
        assert [record.path for record in answer.unreadable] == [f"$.{name}"]
        assert f"$.{name}: " in str(answer)
        return
    assert isinstance(answer, Payment)
    assert answer.raw == json.loads(json.dumps(CARD_PAID | {name: value}), parse_float=Decimal)
    assert {root(path) for path in answer.unreadable} <= {name}
    field = getattr(answer, name)
    if name in answer.unreadable or (field in (None, ()) and answer.unreadable):
        assert field in (None, ())
        assert name not in STRICT
    else:
        assert equals_json(field, value)
    for other in set(FIELDS) - {name}:
        assert getattr(answer, other) == getattr(PLAIN, other)


PLAIN = decode(FIND, CARD_PAID)
"""The payment without an odd field."""
ODD: dict[str, list[Any]] = {
    "imp_uid": [5, None, []],
    "merchant_uid": [5, None, {}],
    "status": [0, None, []],
    "amount": ["", None, [], "NaN", "1e999999", {}],
    "cancel_amount": ["", None, [], True],
    "currency": [410, [], True],
    "sandbox": ["", [], 2, "no"],
}
"""Values that each strict field rejects."""
odd_strict = st.sampled_from(
    [(name, value) for name, odd_values in ODD.items() for value in odd_values]
)


@st.composite
def payments(draw: st.DrawFn) -> tuple[Any, bool]:
    """Draw a payment as PortOne sends it, perhaps an odd one, and whether it can be decoded."""
    index = draw(st.integers(0, 10**6))
    payment = CARD_PAID | {"imp_uid": f"imp_{index}"}
    for name in draw(
        st.lists(st.sampled_from(["extension", "promotion", "buyer_tel"]), max_size=2)
    ):
        payment |= {name: draw(st.sampled_from([[], 5, {"id": 5}]))}
    if draw(st.booleans()):
        return payment, True
    if draw(st.integers(0, 9)) == 0:
        return draw(st.sampled_from([None, 5, "", [], [payment]])), False
    name, value = draw(odd_strict)
    return payment | {name: value}, False


@given(st.lists(payments(), min_size=1, max_size=12), st.booleans())
def test_odd_payment_does_not_affect_the_others(
    items: list[tuple[Any, bool]], is_page: bool
) -> None:
    response: Any = [payment for payment, _ in items]
    readable: tuple[Payment, ...]
    unreadable: tuple[UnreadablePayment, ...]
    if is_page:
        page: PaymentPage = decode(
            LIST, {"total": len(items), "previous": 0, "next": 0, "list": response}
        )
        assert isinstance(page, Page)
        readable, unreadable = page.list, page.unreadable
    else:
        listing: PaymentListing = decode(BATCH, response)
        assert isinstance(listing, Listing)
        readable, unreadable = listing.list, listing.unreadable

    whole = [payment for payment, is_readable in items if is_readable]
    odd = [payment for payment, is_readable in items if not is_readable]
    assert [payment.imp_uid for payment in readable] == [payment["imp_uid"] for payment in whole]
    assert len(unreadable) == len(odd)
    for record, payment in zip(unreadable, odd, strict=True):
        assert_named(record, payment)


def assert_named(record: UnreadablePayment, payment: Any) -> None:
    if not isinstance(payment, dict):
        assert (record.path, record.imp_uid, record.merchant_uid) == ("$", None, None)
        return
    for name in ("imp_uid", "merchant_uid"):
        value: Any = payment[name]  # pyright: ignore[reportUnknownVariableType]  # of any JSON
        assert getattr(record, name) == (value if isinstance(value, str) else None)
    assert record.path.removeprefix("$.") in STRICT


@pytest.mark.parametrize("sample", [CARD_PAID, PARTIALLY_CANCELLED])
@pytest.mark.parametrize("name", FIELDS)
def test_odd_field_does_not_affect_the_others(sample: dict[str, Any], name: str) -> None:
    answer = decode(Call("GET", "/one", Payment), sample | {name: [[["odd"]]], "unknown": 5})

    if name in STRICT:
        assert isinstance(answer, UnexpectedResponseError)
        return
    plain = decode(Call("GET", "/one", Payment), sample)
    assert isinstance(answer, Payment)
    assert not getattr(answer, name)
    for other in set(FIELDS) - {name}:
        assert getattr(answer, other) == getattr(plain, other)


@pytest.mark.parametrize("others", [{}, {"channel": []}])
def test_first_second_of_the_year_10000_is_named_unreadable(others: dict[str, Any]) -> None:
    # msgspec does not refuse this time, and `datetime` raises a plain `ValueError` for it.
    odd: dict[str, Any] = {**CARD_PAID, **others, "failed_at": 253_402_300_800}
    page = decode(LIST, {"total": 1, "previous": 0, "next": 0, "list": [odd]})

    assert [payment.unreadable for payment in page.list] == [(*others, "failed_at")]
