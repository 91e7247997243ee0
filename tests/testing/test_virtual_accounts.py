"""Virtual accounts of the fake."""

from __future__ import annotations

from typing import Any

import pytest

from portone_async.testing import FakePortOne
from tests.support.fake_http import fetch_json

URL = "/vbanks"
REQUIRED: dict[str, Any] = {
    "channel_key": "c",
    "merchant_uid": "o",
    "amount": 44000,
    "vbank_code": "04",
    "vbank_due": 1893456000,
}


async def issue(server: FakePortOne, target: str = URL, **more: Any) -> tuple[int, Any]:
    body = {name: value for name, value in (REQUIRED | more).items() if value is not ...}
    return await fetch_json(server, target, method="POST", json=body)


async def issued(server: FakePortOne, **more: Any) -> str:
    _, body = await issue(server, **more)
    imp_uid: str = body["response"]["imp_uid"]
    return imp_uid


async def test_account_has_the_fields_of_the_sample(server: FakePortOne) -> None:
    status, body = await issue(server, buyer_name="홍길동", custom_data={"a": [1]})

    payment = body["response"]
    assert (status, body["code"], payment["status"]) == (200, 0, "ready")
    assert payment["imp_uid"].startswith("imps_")
    assert (payment["pay_method"], payment["channel"]) == ("vbank", "api")
    assert (payment["vbank_code"], payment["vbank_date"]) == ("004", 1893456000)
    assert payment["vbank_issued_at"] == payment["started_at"] > 0
    assert (payment["paid_at"], payment["cancel_amount"]) == (0, 0)
    assert (payment["buyer_name"], payment["custom_data"]) == ("홍길동", '{"a": [1]}')
    assert server.payments.of_order("o")[0].imp_uid == payment["imp_uid"]


async def test_one_order_may_have_several_accounts(server: FakePortOne) -> None:
    first, second = await issued(server), await issued(server)

    assert first != second
    assert len(server.payments.of_order("o")) == 2


@pytest.mark.parametrize("status", ["paid", "cancelled"])
async def test_order_that_was_paid_is_refused(server: FakePortOne, status: str) -> None:
    server.add(merchant_uid="o", status=status)

    _, body = await issue(server)

    assert body["code"] != 0
    assert len(server.payments.of_order("o")) == 1


@pytest.mark.parametrize("name", sorted(REQUIRED))
async def test_missing_parameter_is_refused(server: FakePortOne, name: str) -> None:
    status, body = await issue(server, URL, **{name: ...})

    assert (status, body["code"]) == (400, -1)
    assert f'"{name}"' in body["message"]
    assert len(server.payments) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        {"amount": "44000"},
        {"vbank_due": "2030-01-01"},
        {"notice_url": "https://shop.example"},
        {"notice_url": [1]},
        {"product_type": "other"},
        {"custom_data": 5},
        {"product_count": 1.5},
        {"fixed_unlimited_vbank": "true"},
        {"buyer_name": 5},
        {"vbank_key": []},
    ],
)
async def test_parameter_of_another_type_is_refused(
    server: FakePortOne, wrong: dict[str, Any]
) -> None:
    status, _ = await issue(server, **wrong)

    assert status == 400
    assert len(server.payments) == 0


async def test_form_is_accepted(server: FakePortOne) -> None:
    form = {name: str(value) for name, value in REQUIRED.items()}

    _, body = await fetch_json(server, URL, method="POST", data=form)

    assert body["response"]["amount"] == 44000


async def test_inicis_reads_its_key_from_the_query_only(server: FakePortOne) -> None:
    server.virtual_accounts.pg_provider = "html5_inicis"
    key = server.virtual_accounts.pg_api_key

    refused = [await issue(server, pg_api_key=key), await issue(server, f"{URL}?pg_api_key=x")]
    _, accepted = await issue(server, f"{URL}?pg_api_key={key}")

    assert all("hashData" in body["message"] for _, body in refused)
    imp_uid = accepted["response"]["imp_uid"]
    _, body = await fetch_json(server, f"{URL}/{imp_uid}", method="DELETE")
    assert body["code"] == -1
    target = f"{URL}/{imp_uid}?pg_api_key={key}"
    assert (await fetch_json(server, target, method="DELETE"))[1]["code"] == 0


async def test_deposit_pays_the_payment(server: FakePortOne) -> None:
    imp_uid = await issued(server)

    paid = server.virtual_accounts.deposit(imp_uid)

    assert (paid.status, paid.is_paid) == ("paid", True)
    assert paid.paid_at is not None
    assert [each.amount for each in paid.deposit_history] == [44000]
    with pytest.raises(KeyError):
        server.virtual_accounts.deposit("imp_missing")


async def test_money_after_the_close_leaves_it_cancelled(server: FakePortOne) -> None:
    imp_uid = await issued(server)
    await fetch_json(server, f"{URL}/{imp_uid}", method="DELETE")

    late = server.virtual_accounts.deposit(imp_uid, 500)

    assert (late.status, late.paid_at, late.cancel_history) == ("cancelled", None, ())
    assert late.cancel_amount == 0
    assert late.deposit_history[0].amount == 500


async def test_account_of_settle_can_be_changed(server: FakePortOne) -> None:
    imp_uid = await issued(server)
    changes = {"amount": 42000, "vbank_due": 1893542400}

    _, body = await fetch_json(server, f"{URL}/{imp_uid}", method="PUT", json=changes)

    assert (body["response"]["amount"], body["response"]["vbank_date"]) == (42000, 1893542400)


async def test_account_of_another_pg_cannot_be_changed(server: FakePortOne) -> None:
    server.virtual_accounts.pg_provider = "nice_v2"
    imp_uid = await issued(server)

    status, _ = await fetch_json(server, f"{URL}/{imp_uid}", method="PUT", json={"amount": 1})

    assert status == 400


async def test_closed_account_is_cancelled_and_not_refunded(server: FakePortOne) -> None:
    imp_uid = await issued(server)

    _, body = await fetch_json(server, f"{URL}/{imp_uid}", method="DELETE")

    payment = body["response"]
    assert payment["status"] == "cancelled"
    assert payment["cancelled_at"] > 0
    assert (payment["paid_at"], payment["cancel_amount"], payment["cancel_history"]) == (0, 0, [])


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
async def test_only_a_waiting_account_is_changed_or_closed(
    server: FakePortOne, method: str
) -> None:
    paid = await issued(server)
    server.virtual_accounts.deposit(paid)
    card = server.add(status="ready").imp_uid

    for imp_uid, expected in ((paid, 400), (card, 400), ("imp_missing", 404)):
        status, body = await fetch_json(
            server, f"{URL}/{imp_uid}", method=method, json={"amount": 1}
        )
        assert (status, body["code"]) == (expected, -1)


async def test_holder_of_an_account_has_a_name(server: FakePortOne) -> None:
    _, body = await fetch_json(server, f"{URL}/holder?bank_code=004&bank_num=1")

    assert body["response"] == {"bank_holder": "홍길동"}
    assert (await fetch_json(server, f"{URL}/holder?bank_code=004"))[0] == 400
