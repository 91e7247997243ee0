"""Generated payments: reproducible, within their day, and decodable."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import msgspec
import pytest

from portone_async.models import Payment
from portone_async.testing.endpoints.payments import Payments
from portone_async.testing.generate import KST, payments_of_a_day
from tests.support.fake_account import fake_account

DAY = date(2026, 11, 1)


@pytest.mark.parametrize("number", [1, 999, 1000, 2500])
def test_generated_payments_are_within_a_korean_day(number: int) -> None:
    payments = Payments(fake_account())
    payments.add_many(payments_of_a_day(number, DAY))
    midnight = datetime(2026, 10, 31, 15, tzinfo=UTC).timestamp()

    entries = payments.between(midnight, midnight + 24 * 3600 - 1, status=None, sorting="updated")
    assert [entry.merchant_uid for entry in entries] == [
        f"order-{n:07}" for n in range(1, number + 1)
    ]
    assert entries[0].moment == midnight
    for status, rest in (("cancelled", 250), ("failed", 500), ("ready", 750)):
        of_status = payments.between(0, 1e12, status=status, sorting="updated")
        assert [entry.imp_uid for entry in of_status] == [
            f"imp_{n:012}" for n in range(1, number + 1) if n % 1000 == rest
        ]


def test_generated_payments_are_reproducible() -> None:
    first, second = (list(payments_of_a_day(60_000, DAY)) for _ in range(2))

    assert first == second
    assert [entry["amount"] for entry in first[48_998:49_001]] == [49_999, 50_000, 50_001]
    assert first[49_999]["amount"] == 1000
    assert {entry["imp_uid"] for entry in first[:1000]}.isdisjoint(
        entry["imp_uid"] for entry in first[1000:]
    )


def test_last_generated_payment_is_at_the_end_of_the_day() -> None:
    *_, last = payments_of_a_day(86_400, DAY)
    assert datetime.fromtimestamp(last["paid_at"], KST) == datetime(
        2026, 11, 1, 23, 59, 59, tzinfo=KST
    )
    assert KST.utcoffset(None) == timedelta(hours=9)


def test_generated_payments_are_not_started_in_paid_order() -> None:
    paid = [entry for entry in payments_of_a_day(86_400, DAY) if entry["status"] == "paid"]

    assert paid == sorted(paid, key=lambda entry: entry["paid_at"])
    assert paid != sorted(paid, key=lambda entry: entry["started_at"])


def test_generated_payment_can_be_decoded() -> None:
    payments = Payments(fake_account())
    payments.add_many(payments_of_a_day(250, DAY))
    entry = payments.get("imp_000000000250")
    assert entry is not None
    payment = msgspec.convert(entry.body(), Payment, strict=False)

    assert payment.status == "cancelled"
    assert payment.balance == 0
    assert payment.started_at is not None
    assert payment.paid_at is not None
    assert payment.cancelled_at is not None
    assert payment.started_at < payment.paid_at < payment.cancelled_at
