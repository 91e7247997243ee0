"""Refunds by the fake, and the balances that they leave."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from portone_async.testing import Duplicate, FakePortOne
from tests.support.fake_http import fetch, fetch_json

ALREADY = (200, 1, "이미 전액취소된 주문입니다.")
MISSING = (200, 1, "취소할 결제건이 존재하지 않습니다.")
TOO_MUCH = (
    200,
    -1,
    "결제취소에 실패하였습니다.(requested cancel amount is bigger than cancelable amount)",
)
DAY = 86400
ACCOUNT = {"refund_holder": "홍길동", "refund_bank": "04", "refund_account": "1234567890"}


async def post(server: FakePortOne, **body: Any) -> tuple[int, Any]:
    return await fetch_json(server, "/payments/cancel", method="POST", json=body)


async def cancel(server: FakePortOne, **body: Any) -> Any:
    status, answer = await post(server, **body)
    assert (status, answer["code"], answer["message"]) == (200, 0, None)
    return answer["response"]


async def refusal(server: FakePortOne, **body: Any) -> tuple[int, int, str]:
    status, answer = await post(server, **body)
    assert answer["response"] is None
    return status, answer["code"], answer["message"]


async def test_partial_refund_is_booked_in_history(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", amount=50000, pg_tid="tid", receipt_url="https://pg.example/1")

    payment = await cancel(server, imp_uid="imp_1", amount=20000, checksum=50000, reason="품절")

    assert (payment["status"], payment["cancel_amount"]) == ("cancelled", 20000)
    assert payment["cancel_reason"] == "품절"
    (entry,) = payment["cancel_history"]
    assert entry == {
        "amount": 20000,
        "cancellation_id": "cancellation_imp_1_1",
        "cancelled_at": payment["cancelled_at"],
        "pg_tid": "tid",
        "reason": "품절",
        "receipt_url": "https://pg.example/1",
    }
    assert payment["cancel_receipt_urls"] == ["https://pg.example/1"]
    assert server.payments.of_order(payment["merchant_uid"])[0].body() == payment


async def test_later_refunds_are_appended_with_ids_of_their_own(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", amount=50000)
    await cancel(server, imp_uid="imp_1", amount=1000)
    server.advance(60)
    payment = await cancel(server, imp_uid="imp_1", amount=2000, checksum=49000)

    assert payment["cancel_amount"] == 3000
    first, second = payment["cancel_history"]
    assert (first["amount"], second["amount"]) == (1000, 2000)
    assert second["cancelled_at"] >= first["cancelled_at"] + 60
    assert first["cancellation_id"] != second["cancellation_id"]


@pytest.mark.parametrize("amount", [{}, {"amount": None}, {"amount": 0}])
async def test_refund_without_an_amount_takes_the_whole_balance(
    server: FakePortOne, amount: Any
) -> None:
    server.add(imp_uid="imp_1", amount=15000)
    await cancel(server, imp_uid="imp_1", amount=5000)
    payment = await cancel(server, imp_uid="imp_1", **amount)

    assert payment["cancel_amount"] == 15000
    assert payment["cancel_history"][-1]["amount"] == 10000


async def test_equal_partial_refund_is_made_again_without_a_checksum(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", amount=50000)
    server.fail(Duplicate())
    answer = await cancel(server, imp_uid="imp_1", amount=1000)
    assert answer["cancel_amount"] == 1000
    assert server.payments.of_order(answer["merchant_uid"])[0].record["cancel_amount"] == 2000


async def test_other_checksum_than_the_balance_refunds_nothing(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", amount=50000)
    await cancel(server, imp_uid="imp_1", amount=1000, checksum=50000)

    for checksum in (50000, 0, 48999):
        status, code, _ = await refusal(server, imp_uid="imp_1", amount=1000, checksum=checksum)
        assert (status, code) == (200, -1)
    assert (await cancel(server, imp_uid="imp_1", checksum=49000))["cancel_amount"] == 50000


async def test_foreign_money_is_exact(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", amount=Decimal("10.05"), currency="USD")
    await cancel(server, imp_uid="imp_1", amount=0.05)
    payment = await cancel(server, imp_uid="imp_1", amount=0.1, checksum=10)
    assert payment["cancel_amount"] == Decimal("0.15")


async def test_full_refund_is_refused_the_second_time(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1")
    await cancel(server, imp_uid="imp_1")
    assert await refusal(server, imp_uid="imp_1") == ALREADY


async def test_amount_above_the_balance_is_refused(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", amount=1000)
    assert await refusal(server, imp_uid="imp_1", amount=1001) == TOO_MUCH


@pytest.mark.parametrize("status", ["ready", "failed"])
async def test_payment_that_was_not_paid_has_nothing_to_refund(
    server: FakePortOne, status: str
) -> None:
    server.add(imp_uid="imp_1", status=status)
    assert await refusal(server, imp_uid="imp_1") == MISSING


async def test_unknown_payment_has_nothing_to_refund(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", merchant_uid="o")
    assert await refusal(server, imp_uid="imp_2") == MISSING
    # A wrong imp_uid wins over a right order number.
    assert await refusal(server, imp_uid="imp_2", merchant_uid="o") == MISSING
    assert await refusal(server, merchant_uid="p") == MISSING
    assert await refusal(server) == MISSING


async def test_order_number_selects_a_paid_payment(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", merchant_uid="o")
    server.add(imp_uid="imp_2", merchant_uid="o", status="failed")
    assert (await cancel(server, merchant_uid="o"))["imp_uid"] == "imp_1"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", "1000"),
        ("amount", True),
        ("checksum", "1000"),
        ("tax_free", "0"),
        ("reason", 1),
        ("enable_webhook", "true"),
        ("extra", ["customer"]),
        ("extra", {"requester": "someone"}),
    ],
)
async def test_parameter_of_another_type_is_refused(
    server: FakePortOne, name: str, value: Any
) -> None:
    server.add(imp_uid="imp_1")
    status, code, message = await refusal(server, **{"imp_uid": "imp_1", name: value})
    assert (status, code) == (400, -1)
    assert name in message or "requester" in message


async def test_negative_amount_is_refused(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1")
    status, code, _ = await refusal(server, imp_uid="imp_1", amount=-1)
    assert (status, code) == (200, -1)


async def test_form_is_accepted_as_well(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", amount=1000)
    form = {"imp_uid": "imp_1", "amount": "400", "checksum": "1000"}
    status, _ = await fetch(server, "/payments/cancel", method="POST", data=form)
    assert status == 200
    assert server.payments.among(["imp_1"], [])[0].record["cancel_amount"] == 400


# Virtual accounts and PayPal


async def test_virtual_account_needs_the_buyers_account(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", pay_method="vbank")
    status, code, message = await refusal(server, imp_uid="imp_1", refund_holder="홍길동")
    assert (status, code) == (200, -1)
    assert "refund_account" in message
    assert (await cancel(server, imp_uid="imp_1", **ACCOUNT))["cancel_amount"] == 1000


async def test_smartro_account_needs_a_phone_number(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", pay_method="vbank", pg_provider="smartro")
    assert "refund_tel" in (await refusal(server, imp_uid="imp_1", **ACCOUNT))[2]
    await cancel(server, imp_uid="imp_1", **ACCOUNT, refund_tel="010-0000-0000")


@pytest.mark.parametrize(
    "fields", [{"pg_provider": "paypal_v2"}, {"pg_provider": "daou", "pay_method": "vbank"}]
)
async def test_slow_refund_is_accepted_first_and_made_days_later(
    server: FakePortOne, fields: dict[str, str]
) -> None:
    server.add(imp_uid="imp_1", amount=1000, **fields)
    payment = await cancel(server, imp_uid="imp_1", amount=400, reason="r", **ACCOUNT)
    assert (payment["status"], payment["cancel_amount"]) == ("paid", 0)
    assert payment["cancel_history"] == []

    server.advance(server.refunds.pending_seconds + 1)
    record = server.payments.among(["imp_1"], [])[0].record
    assert (record["status"], record["cancel_amount"]) == ("cancelled", 400)
    assert record["cancel_history"][0]["reason"] == "r"


async def test_refund_of_any_payment_can_take_days(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1")
    server.refunds.pending_imp_uids.add("imp_1")
    assert (await cancel(server, imp_uid="imp_1"))["cancel_amount"] == 0
    server.advance(server.refunds.pending_seconds + 1)
    assert server.payments.among(["imp_1"], [])[0].record["cancel_amount"] == 1000


async def test_slow_refund_that_exceeds_the_rest_is_dropped(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", amount=1000, pg_provider="paypal_v2")
    await cancel(server, imp_uid="imp_1", amount=600)
    await cancel(server, imp_uid="imp_1", amount=600)
    server.add(imp_uid="imp_2", pg_provider="paypal_v2")
    await cancel(server, imp_uid="imp_2")
    server.remove("imp_2")

    server.advance(server.refunds.pending_seconds + 1)
    assert server.payments.among(["imp_1"], [])[0].record["cancel_amount"] == 600


# Promotions: the example of https://developers.portone.io/opi/ko/extra/promotion/refund


def add_promoted(server: FakePortOne, *, amount: int, discount: int) -> None:
    server.add(imp_uid="imp_1", amount=amount, promotion={"id": "p", "discount": discount})


async def test_promoted_payment_is_refunded_in_order_money(server: FakePortOne) -> None:
    add_promoted(server, amount=20000, discount=2000)
    payment = await cancel(server, imp_uid="imp_1", amount=10000, checksum=20000)
    assert payment["cancel_amount"] == 10000
    assert (await cancel(server, imp_uid="imp_1", checksum=10000))["cancel_amount"] == 20000


async def test_promoted_payment_can_be_booked_in_approved_money(server: FakePortOne) -> None:
    server.refunds.promotion_unit = "approved"
    add_promoted(server, amount=18000, discount=2000)
    payment = await cancel(server, imp_uid="imp_1", amount=10000, checksum=20000)
    assert payment["cancel_amount"] == payment["cancel_history"][0]["amount"] == 9000
    assert (await cancel(server, imp_uid="imp_1", checksum=10000))["cancel_amount"] == 18000


async def test_rest_that_loses_the_promotion_costs_its_full_price(server: FakePortOne) -> None:
    server.refunds.promotion_unit = "approved"
    server.refunds.promotion_minimums["p"] = Decimal(10000)
    add_promoted(server, amount=18000, discount=2000)
    # 8,000 of order money are left, without a discount.
    payment = await cancel(server, imp_uid="imp_1", amount=12000, checksum=20000)
    assert payment["cancel_amount"] == 10000


async def test_refund_that_would_raise_the_price_is_refused(server: FakePortOne) -> None:
    server.refunds.promotion_minimums["p"] = Decimal(10000)
    add_promoted(server, amount=10000, discount=1000)
    status, code, _ = await refusal(server, imp_uid="imp_1", amount=500, checksum=10000)
    assert (status, code) == (200, -1)

    await cancel(server, imp_uid="imp_1", amount=500, checksum=10000, retain_promotion=True)
    # The first choice binds the later refunds.
    await cancel(server, imp_uid="imp_1", amount=500, checksum=9500)


# The balance by means of payment


async def test_balance_splits_what_is_left(server: FakePortOne) -> None:
    server.add(imp_uid="imp_1", amount=15000, pg_provider="payco")
    await cancel(server, imp_uid="imp_1", amount=5000)
    status, answer = await fetch_json(server, "/payments/imp_1/balance")

    assert status == 200
    balance = answer["response"]
    assert balance["amount"] == 15000
    assert balance["primary"] == {"tax_free": 0, "supply": 9091, "vat": 909, "service": 0}
    paid, refunded = balance["histories"]
    assert (paid["primary"]["supply"], refunded["primary"]["supply"]) == (13636, -4545)
    assert paid["created"] <= refunded["created"]


@pytest.mark.parametrize(
    "fields",
    [{"pg_provider": "nice"}, {"pg_provider": "payco", "status": "ready"}],
)
async def test_balance_of_other_payments_is_not_available(
    server: FakePortOne, fields: dict[str, str]
) -> None:
    server.add(imp_uid="imp_1", **fields)
    status, answer = await fetch_json(server, "/payments/imp_1/balance")
    assert (status, answer["code"]) == (404, -1)
    assert "PAYCO, KCP" in answer["message"]


async def test_balance_of_an_unknown_payment_reports_it_missing(server: FakePortOne) -> None:
    status, answer = await fetch_json(server, "/payments/imp_1/balance")
    assert (status, answer["message"]) == (404, "존재하지 않는 결제정보입니다.")
