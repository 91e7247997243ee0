"""Records as dicts and as JSON."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async import Cancellation, Payment
from portone_async._http.reply import Reply, parse
from portone_async.models import Record
from portone_async.models._personal import personal_names
from portone_async.models.billing_keys import BillingKey
from portone_async.resources.payments._calls import find_call
from tests.support.examples import ROOT
from tests.support.full_records import RECORDS, UNKNOWN, full_json, full_record
from tests.support.samples import CARD_PAID, PARTIALLY_CANCELLED, ok

ORDER = str(CARD_PAID["merchant_uid"])
each_record = pytest.mark.parametrize("record", RECORDS, ids=lambda record: record.__name__)


def decoded(members: dict[str, Any]) -> Payment:
    payment = parse(find_call(ORDER, None, None), Reply(200, {}, ok(members)))
    assert isinstance(payment, Payment)
    return payment


def classes_in(value: Any) -> set[type]:
    parts: Any = value
    if isinstance(value, dict):
        return {dict}.union(*map(classes_in, parts), *map(classes_in, parts.values()))
    if isinstance(value, list):
        return {list}.union(*map(classes_in, parts))
    return {type(value)}


def test_dict_has_the_names_and_values_of_portone() -> None:
    sent: dict[str, Any] = PARTIALLY_CANCELLED | {"merchant_uid": ORDER}
    row = decoded(sent).to_dict()

    assert {row[name] for name in ("status", "currency")} == {sent["status"], sent["currency"]}
    assert row["cancel_amount"] == Decimal(sent["cancel_amount"])
    assert row["paid_at"] == datetime.fromtimestamp(sent["paid_at"], UTC)
    assert row["failed_at"] is None
    assert [part["amount"] for part in row["cancel_history"]] == [
        part["amount"] for part in sent["cancel_history"]
    ]
    assert {*row} - {"unreadable"} < {*sent}


@each_record
def test_dict_consists_of_plain_classes(record: type[Record]) -> None:
    row = full_record(record).to_dict(personal_data=True)
    row.pop("extension", None)

    assert classes_in(row) <= {dict, list, str, int, bool, type(None), Decimal, datetime, date}


@each_record
def test_keys_are_the_columns_whatever_was_sent(record: type[Record]) -> None:
    sent = full_json(record)
    required = {field.encode_name for field in msgspec.structs.fields(record) if field.required}
    little = {name: value for name, value in sent.items() if name in required}
    rows = [
        msgspec.convert(members, record, strict=False).to_dict(personal_data=personal_data)
        for members in (sent, little)
        for personal_data in (False, True)
    ]

    assert [tuple(row) for row in rows] == 2 * [
        record.columns(),
        record.columns(personal_data=True),
    ]
    assert {*record.columns(personal_data=True)} - {"unreadable"} == {*sent} - {UNKNOWN}


def test_names_are_those_of_the_wire_and_not_of_python() -> None:
    row = full_record(BillingKey).to_dict()

    assert "channelGroupId" in row
    assert "card_name" in row["succeededChannels"][0]
    assert "channel_group_id" not in row


@pytest.mark.parametrize("sent", [b"9.90", b'"9.90"', b"1000", b"12345678901234567890.05", b"1E+3"])
def test_json_has_the_digits_of_money(sent: bytes) -> None:
    body = ok(CARD_PAID | {"amount": "sent"}).replace(b'"sent"', sent)
    payment = parse(find_call(ORDER, None, None), Reply(200, {}, body))
    assert isinstance(payment, Payment)
    text = payment.to_json()

    digits = sent.decode().strip('"')
    assert f'"amount":{digits},' in text
    assert payment.to_dict()["amount"].compare_total(Decimal(digits)) == 0
    assert json.loads(text, parse_float=Decimal)["amount"] == Decimal(digits)


def test_json_has_times_in_iso_8601_on_one_line() -> None:
    text = decoded(CARD_PAID | {"paid_at": 1_770_000_062, "name": "two\nlines"}).to_json()

    assert '"paid_at":"2026-02-02T02:41:02Z"' in text
    assert '"name":"two\\nlines"' in text
    assert "\n" not in text


@each_record
def test_record_is_read_back_from_dict_and_json(record: type[Record]) -> None:
    full = full_record(record)
    row = full.to_dict(personal_data=True)

    assert msgspec.convert(row, record) == full
    assert msgspec.json.decode(full.to_json(personal_data=True), type=record) == full


@given(
    st.decimals(min_value=-(10**20), max_value=10**20, allow_nan=False, places=4),
    st.datetimes(min_value=datetime(1970, 1, 2), timezones=st.just(UTC)),  # noqa: DTZ001 (the zone is the other argument)
    st.text(st.characters(codec="utf-8")),
)
def test_any_payment_is_read_back(amount: Decimal, time: datetime, text: str) -> None:
    payment = Payment(
        imp_uid=text, merchant_uid=text, status=decoded(CARD_PAID).status, amount=amount,
        paid_at=time, cancel_history=(Cancellation(amount=amount, reason=text),),
    )  # fmt: skip
    read = msgspec.json.decode(payment.to_json(personal_data=True), type=Payment)

    assert read == payment
    assert str(read.amount) == str(amount)


def test_unreadable_fields_are_named() -> None:
    row = decoded(CARD_PAID | {"card_quota": "many", "cancel_history": "none"}).to_dict()

    assert (row["card_quota"], row["cancel_history"]) == (None, [])
    assert row["unreadable"] == ["card_quota", "cancel_history"]


def test_change_of_a_dict_leaves_the_record_unchanged() -> None:
    payment = decoded(CARD_PAID | {"extension": {"points": [1]}})
    row = payment.to_dict(personal_data=True)
    row["extension"]["points"].append(2)

    assert payment.extension == {"points": [1]}


class Part(Record, frozen=True, kw_only=True):
    public: ClassVar = ("amount",)

    amount: Decimal
    memo: str | None = None


class Whole(Record, frozen=True, kw_only=True):
    public: ClassVar = ("parts",)

    parts: tuple[Part, ...] = ()
    part: Part | None = None


def test_record_of_a_user_omits_what_it_does_not_list() -> None:
    part = Part(amount=Decimal(1), memo="a planted memo")
    whole = Whole(parts=(part,), part=part)

    assert whole.to_dict() == {"parts": [{"amount": Decimal(1)}]}
    assert "memo" in whole.to_json(personal_data=True)


def test_docs_name_every_field_of_a_payment_that_is_left_out() -> None:
    page = (ROOT / "docs" / "en" / "data_frames.md").read_text("utf-8")
    names = {name for name in personal_names(Payment) if not name.startswith("buyer_")}
    links = {"receipt_url", "cancel_receipt_urls"}  # by "the links to receipts"

    assert {name for name in names - links if f"`{name}`" not in page} == set()
