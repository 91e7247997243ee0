"""Adding payments, and the JSON that the fake sends for them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import aiohttp
import msgspec
import pytest

from portone_async.models import Payment, PaymentStatus
from portone_async.testing import FakePortOne
from tests.support.samples import CARD_PAID

NOW = 1770000000.0
THEN = datetime.fromtimestamp(NOW, UTC)


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakePortOne]:
    # Time moves only by advance().
    monkeypatch.setattr("portone_async.testing.clock.monotonic", lambda: 0.0)
    async with FakePortOne(now=NOW) as server:
        yield server


async def sent(server: FakePortOne, imp_uid: str) -> bytes:
    headers = {"Authorization": server.issue_token()}
    target = f"/payments/{imp_uid}?include_sandbox=true&extension=true"
    async with (
        aiohttp.ClientSession(server.url, headers=headers) as session,
        session.get(target) as reply,
    ):
        assert reply.status == 200
        assert reply.content_type == "application/json"
        return await reply.read()


async def body_of(server: FakePortOne, imp_uid: str) -> dict[str, Any]:
    body: dict[str, Any] = json.loads(await sent(server, imp_uid), parse_float=Decimal)["response"]
    assert body.pop("extension") is None
    return body


async def test_documented_payment_is_sent_unchanged(server: FakePortOne) -> None:
    server.add(**CARD_PAID)
    assert await body_of(server, "imp_770000000101") == CARD_PAID


async def test_payment_defaults_to_paid_live_and_1000_won(server: FakePortOne) -> None:
    payment = server.add()

    assert payment.imp_uid.startswith("imp_")
    assert payment.is_paid
    assert payment.amount == 1000
    assert (payment.currency, payment.sandbox) == ("KRW", False)
    assert payment.started_at == payment.paid_at == THEN
    assert payment.failed_at is payment.cancelled_at is None


async def test_every_documented_field_is_sent(server: FakePortOne) -> None:
    payment = server.add(imp_uid="imp_1", merchant_uid="order-1")
    body = await body_of(server, payment.imp_uid)

    explicit = {
        "imp_uid": "imp_1",
        "merchant_uid": "order-1",
        "status": "paid",
        "amount": 1000,
        "currency": "KRW",
        "pay_method": "card",
        "channel": "pc",
        "started_at": NOW,
        "paid_at": NOW,
    }
    blank: dict[str, Any] = {
        "cancel_history": [],
        "cancel_receipt_urls": [],
        "deposit_history": [],
        "cancel_amount": 0,
        "card_quota": 0,
        "failed_at": 0,
        "cancelled_at": 0,
        "vbank_date": 0,
        "vbank_issued_at": 0,
        "sandbox": False,
        "escrow": False,
        "cash_receipt_issued": False,
    }
    assert body == dict.fromkeys(CARD_PAID) | blank | explicit


async def test_json_is_escaped_and_sorted_as_by_php(server: FakePortOne) -> None:
    payment = server.add(name="책/\U0001f4d6", receipt_url='https://x/"')
    body = await sent(server, payment.imp_uid)

    assert body.isascii()
    assert body.startswith(b'{"code":0,"message":null,"response":{"amount":1000,"apply_num":null,')
    assert rb'"name":"\ucc45\/\ud83d\udcd6"' in body
    assert rb'"receipt_url":"https:\/\/x\/\""' in body
    keys = list(json.loads(body)["response"])
    assert keys == sorted(keys)


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Decimal("10.05"), b"10.05"),
        (Decimal(1000), b"1000"),
        (Decimal("1000.00"), b"1000"),
        (Decimal("1E+3"), b"1000"),
        (Decimal("12345678901234567.89"), b"12345678901234567.89"),
        (1000, b"1000"),
        (10.05, b"10.05"),
        (0, b"0"),
    ],
)
async def test_amount_is_a_number_with_exactly_its_digits(
    server: FakePortOne, amount: Any, text: bytes
) -> None:
    payment = server.add(amount=amount, currency="USD")
    body = await sent(server, payment.imp_uid)

    assert b'"amount":' + text + b"," in body
    assert payment.amount == Decimal(text.decode())


async def test_times_are_sent_as_whole_unix_seconds(server: FakePortOne) -> None:
    paid_at = datetime(2026, 2, 2, 11, 41, 2, 999999, tzinfo=UTC)
    payment = server.add(paid_at=paid_at, vbank_date=None, cancelled_at=None)
    body = await body_of(server, payment.imp_uid)

    assert body["paid_at"] == 1770032462
    assert body["vbank_date"] == body["cancelled_at"] == 0


async def test_time_without_a_zone_is_refused(server: FakePortOne) -> None:
    with pytest.raises(ValueError, match="time zone"):
        server.add(paid_at=datetime(2026, 2, 2))  # noqa: DTZ001 (refused here)


@pytest.mark.parametrize(
    ("status", "happened"),
    [
        ("ready", {"started_at"}),
        ("paid", {"started_at", "paid_at"}),
        ("failed", {"started_at", "failed_at", "fail_reason"}),
        ("cancelled", {"started_at", "paid_at", "cancelled_at", "cancel_reason"}),
        ("pending", {"started_at"}),
    ],
)
async def test_fields_implied_by_the_status_are_filled_in(
    server: FakePortOne, status: str, happened: set[str]
) -> None:
    payment = server.add(status=status)
    body = await body_of(server, payment.imp_uid)

    watched = {"started_at", "paid_at", "failed_at", "cancelled_at", "fail_reason", "cancel_reason"}
    assert {name for name in watched if body[name]} == happened
    assert payment.status == body["status"] == status


async def test_cancel_amount_defaults_to_the_whole_amount(server: FakePortOne) -> None:
    whole = server.add(status=PaymentStatus.CANCELLED, amount=20000)
    part = server.add(status="cancelled", amount=20000, cancel_amount=5000)

    assert whole.balance == 0
    assert part.balance == 15000
    assert part.is_partially_cancelled
    assert [entry.amount for entry in (*whole.cancel_history, *part.cancel_history)] == [
        20000,
        5000,
    ]
    assert part.cancel_history[0].cancelled_at == part.cancelled_at == THEN
    assert set((await body_of(server, part.imp_uid))["cancel_history"][0]) == {
        "amount",
        "cancellation_id",
        "cancelled_at",
        "pg_tid",
        "reason",
        "receipt_url",
    }


async def test_explicit_fields_are_not_overwritten(server: FakePortOne) -> None:
    payment = server.add(status="cancelled", cancel_amount=0, paid_at=0, cancel_reason=None)

    assert payment.cancel_amount == 0
    assert payment.paid_at is None
    assert payment.cancel_reason is None


async def test_started_at_defaults_to_an_earlier_paid_at(server: FakePortOne) -> None:
    payment = server.add(paid_at=int(NOW) - 500)
    assert payment.started_at == payment.paid_at != THEN


async def test_added_model_is_sent_unchanged(server: FakePortOne) -> None:
    original = server.add(**CARD_PAID)
    server.remove(original.imp_uid)

    assert server.add(original) == original
    assert await body_of(server, original.imp_uid) == CARD_PAID


async def test_default_field_of_a_model_is_not_copied(server: FakePortOne) -> None:
    status = PaymentStatus.PAID
    bare = Payment(imp_uid="imp_1", merchant_uid="o", status=status, amount=Decimal(5))
    payment = server.add(bare)

    assert (payment.currency, payment.sandbox, payment.escrow) == ("KRW", False, False)
    assert (payment.paid_at, payment.merchant_uid) == (THEN, "o")
    assert payment.amount == 5


async def test_fields_override_those_of_the_model(server: FakePortOne) -> None:
    original = server.add(**CARD_PAID)
    copy = server.add(original, imp_uid="imp_2", amount=1)

    assert copy.imp_uid == "imp_2"
    assert copy.amount == 1
    assert (copy.merchant_uid, copy.buyer_name) == (original.merchant_uid, original.buyer_name)


async def test_nested_models_are_encoded(server: FakePortOne) -> None:
    original = server.add(
        status="cancelled",
        cancel_history=[{"amount": Decimal("0.5"), "cancelled_at": 0, "reason": "x"}],
        promotion={"id": "promo", "discount": 100},
    )
    copy = server.add(original, imp_uid="imp_2")

    assert copy.cancel_history == original.cancel_history
    assert copy.promotion == original.promotion
    history = (await body_of(server, "imp_2"))["cancel_history"]
    assert (history[0]["amount"], history[0]["cancelled_at"]) == (Decimal("0.5"), 0)


async def test_fields_outside_the_model_are_sent(server: FakePortOne) -> None:
    payment = server.add(brand_new={"a": [1, "b"]}, status="settled", another_at=None)
    body = await body_of(server, payment.imp_uid)

    assert body["brand_new"] == {"a": [1, "b"]}
    assert body["another_at"] is None
    assert body["status"] == payment.status == "settled"


async def test_none_is_sent_as_null_and_unset_is_omitted(server: FakePortOne) -> None:
    payment = server.add(sandbox=None, escrow=msgspec.UNSET, started_at=msgspec.UNSET)
    server.update(payment.imp_uid, name="x")
    body = await body_of(server, payment.imp_uid)

    assert body["sandbox"] is payment.sandbox is payment.escrow is None
    assert "escrow" not in body
    assert "started_at" not in body


async def test_generated_ids_are_unique(server: FakePortOne) -> None:
    first = server.add()
    serial = int(first.imp_uid.removeprefix("imp_"))
    taken = server.add(imp_uid=f"imp_{serial + 2}")
    others = [server.add() for _ in range(5)]

    assert len({payment.imp_uid for payment in (first, taken, *others)}) == 7
    assert len({payment.merchant_uid for payment in (first, *others)}) == 6


async def test_duplicate_imp_uid_is_refused(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", amount=5)
    with pytest.raises(ValueError, match="imp_1 already"):
        server.add(imp_uid="imp_1", amount=6)

    assert (await body_of(server, "imp_1"))["amount"] == 5


async def test_undecodable_payment_is_refused(server: FakePortOne) -> None:
    with pytest.raises(msgspec.ValidationError):
        server.add(imp_uid="imp_1", amount="much")
    server.add(imp_uid="imp_1")
    with pytest.raises(msgspec.ValidationError):
        server.update("imp_1", amount="much")

    assert (await body_of(server, "imp_1"))["amount"] == 1000


async def test_update_fills_in_fields_implied_by_the_status(server: FakePortOne) -> None:
    payment = server.add(status="ready")
    server.advance(60)
    paid = server.update(payment.imp_uid, status="paid")
    server.advance(60)
    cancelled = server.update(payment.imp_uid, status="cancelled")

    assert payment.paid_at is None
    assert paid.paid_at is not None
    assert (paid.paid_at - THEN).total_seconds() == 60
    assert (cancelled.started_at, cancelled.paid_at) == (payment.started_at, paid.paid_at)
    assert cancelled.cancelled_at is not None
    assert (cancelled.cancelled_at - THEN).total_seconds() == 120
    assert cancelled.balance == 0
    assert (await body_of(server, payment.imp_uid))["status"] == "cancelled"


async def test_update_or_remove_of_an_unknown_payment_is_an_error(
    server: FakePortOne,
) -> None:
    with pytest.raises(KeyError):
        server.update("imp_none", amount=1)
    with pytest.raises(KeyError):
        server.remove("imp_none")


async def test_returned_payment_does_not_follow_updates(server: FakePortOne) -> None:
    payment = server.add(amount=1000)
    server.update(payment.imp_uid, amount=2000)

    assert isinstance(payment, Payment)
    assert payment.amount == 1000
