"""The JSON of a page of payments, compared with the JSON of its payments one by one."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from portone_async.models import Payment
from portone_async.testing import RecordedRequest, application
from portone_async.testing.endpoints.payments import Payments, encode_entries
from portone_async.testing.endpoints.payments.record import BLANK
from portone_async.testing.paging import RequestedPage
from portone_async.testing.reply import envelope, php_json, php_json_each
from tests.support.fake_account import fake_account

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=5) | st.sampled_from(
    ["a\nb", "c/d", "신한카드", "\U0001f600", '"\\', "\x7f", "\u2028"]
)
NUMBERS = st.sampled_from([0, 1, True, 1.0, Decimal(1), Decimal("1.50"), 2**53])
VALUES = st.recursive(
    st.none() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXTS, inner, max_size=2),
    max_leaves=4,
)
FIELDS = st.fixed_dictionaries(
    {},
    optional={
        "status": st.sampled_from(["paid", "cancelled", "failed", "ready"]),
        "amount": st.sampled_from([1000, Decimal("10.5")]),
        "name": TEXTS,
        "buyer_name": st.just(UNSET) | TEXTS,
        "escrow": st.sampled_from([UNSET, True, False]),
        "extension": st.dictionaries(TEXTS, VALUES, max_size=1),
    },
)
UNKNOWN_FIELDS = st.dictionaries(
    TEXTS.filter(lambda name: name not in {*BLANK, *Payment.__struct_fields__}),
    st.just(UNSET) | VALUES,
    max_size=3,
)


def encoded(*payments: dict[str, Any]) -> tuple[bytes, bytes]:
    """Return the JSON of payments as one page, and of one by one."""
    added = Payments(fake_account())
    added.add_many(payments)
    entries = added.between(0, 1e12, status=None, sorting="started")
    assert len(entries) == len(payments)
    return encode_entries(entries), php_json([entry.body() for entry in entries])


# A few payments, each several times and in any order, so that some fields are the same in all.
@given(st.data())
def test_page_has_the_bytes_of_its_payments_one_by_one(data: st.DataObject) -> None:
    different = st.lists(st.builds(dict[str, Any], FIELDS) | UNKNOWN_FIELDS, min_size=1, max_size=3)
    payments = data.draw(st.lists(st.sampled_from(data.draw(different)), max_size=8))
    together, one_by_one = encoded(*payments)
    assert together == one_by_one


@pytest.mark.parametrize(
    "values",
    [
        (1, True, 1.0, Decimal(1), Decimal("1.0")),
        ("a\nb", "a", "\n", ""),
        ([1], [1], {"b": 1, "a": 2}, {}),
        (UNSET, None, UNSET),
        ("가/나", "가/나"),
        (float("nan"), 1e300),
    ],
    ids=["equal", "line_breaks", "nested", "unset", "escaped", "floats"],
)
def test_values_of_one_field_have_their_own_text(values: tuple[Any, ...]) -> None:
    together, one_by_one = encoded(*({"brand_new": value} for value in values))
    assert together == one_by_one


def test_page_omits_extensions_and_unset_fields() -> None:
    together, _ = encoded({"extension": {"a": 1}, "escrow": UNSET}, {"escrow": True})
    assert b"extension" not in together
    assert together.count(b'"escrow":') == 1
    assert together.count(b'"escrow":true') == 1


@pytest.mark.parametrize(
    ("number", "total", "after"), [(1, 0, 0), (1, 2, 0), (1, 3, 2), (2, 5, 3), (2, 4, 0)]
)
def test_page_has_the_bytes_of_an_encoded_object(number: int, total: int, after: int) -> None:
    bodies = [{"name": "가/나"}]
    reply = RequestedPage(number=number, limit=2).reply(php_json(bodies), total)
    assert reply == envelope(
        {"list": bodies, "next": after, "previous": number - 1, "total": total}
    )


def test_batch_has_the_bytes_of_an_encoded_array() -> None:
    account = fake_account()
    payments = account.state(Payments)
    for imp_uid in ("imp_1", "imp_2"):
        payments.add(imp_uid=imp_uid, merchant_uid="o", name="가/나")
    headers = {"authorization": account.tokens.issue().value}
    target = "/payments?merchant_uid[]=o&imp_uid[]=imp_3"
    request = RecordedRequest.of("GET", target, headers=headers, body=b"", at=0.0)
    bodies = [entry.body() for entry in payments.among((), ["o"])]
    assert application.respond(account, request) == envelope(bodies, status=207)


@given(st.lists(VALUES, max_size=5))
def test_values_are_encoded_together_as_one_by_one(values: list[Any]) -> None:
    assert php_json_each(values) == [php_json(value) for value in values]
