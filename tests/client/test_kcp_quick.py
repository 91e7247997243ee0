"""``client.kcp_quick``: transactions, payments and members, against the fake."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from decimal import Decimal
from typing import Any, TypeAlias

import pytest

from portone_async import (
    ApiError,
    ChargeFailedError,
    InvalidRequestError,
    OrderNumberUsedError,
    OutcomeUnknownError,
    Payment,
    PaymentMismatchError,
    PortOneClient,
)
from portone_async.models.kcp_quick import KcpQuickFido, KcpQuickKey, KcpQuickMember
from portone_async.resources.kcp_quick import KcpQuickNotFoundError
from portone_async.testing import (
    ExpiredToken,
    FakePortOne,
    HtmlPage,
    Json,
    LostAnswer,
    Reset,
    Status,
)
from tests.support.sample_bodies import SAMPLES

Doing: TypeAlias = Callable[[PortOneClient], Awaitable[Any]]
PREPARE, PAYMENT = "/kcpquick/prepare/order-1", "/kcpquick/payment"
REGISTRATION: dict[str, Any] = {"btid": "b-1", "cust_ip": "203.0.113.1", "code_verifier": "secret"}
SITE: dict[str, Any] = {"site_code": "IX0XX", "partner_type": "IX99", "partner_subtype": "99IX"}


def answer(response: Any, *, code: int = 0, message: str | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "response": response}


def prepare(client: PortOneClient, **fields: Any) -> Awaitable[None]:
    given = REGISTRATION | fields
    return client.kcp_quick.prepare("order-1", **given, settle=0)


def with_money(client: PortOneClient, **fields: Any) -> Awaitable[Payment]:
    given: dict[str, Any] = {
        "channel_key": "channel-1",
        "merchant_uid": "order-1",
        "name": "상품",
        "amount": 9900,
        "imp_uid": "imp_1",
        "settle": 0,
    }
    return client.kcp_quick.pay_with_money("member-1", **(given | fields))


def automatically(client: PortOneClient, **fields: Any) -> Awaitable[Payment]:
    given: dict[str, Any] = {
        "merchant_uid": "order-1",
        "name": "상품",
        "buyer_name": "홍길동",
        "amount": 9900,
        "settle": 0,
    }
    return client.kcp_quick.pay_automatically("key-1", **(given | fields))


def delete_key(client: PortOneClient) -> Awaitable[KcpQuickKey]:
    return client.kcp_quick.delete_billing_key("key-1", settle=0)


def delete_member(client: PortOneClient) -> Awaitable[KcpQuickMember]:
    return client.kcp_quick.delete_member("member-1", **SITE, settle=0)


def release_fido(client: PortOneClient) -> Awaitable[KcpQuickFido]:
    return client.kcp_quick.release_fido("member-1", channel_key="channel-1", settle=0)


PAYMENTS = pytest.mark.parametrize("pay", [with_money, automatically])
DELETIONS = pytest.mark.parametrize("delete", [delete_key, delete_member])


@pytest.fixture(autouse=True)
def _member(server: FakePortOne) -> None:
    server.kcp_quick.add_member("member-1")
    server.billing_keys.add(customer_uid="key-1")


# Transactions


async def test_prepare_and_its_update_send_every_parameter(
    server: FakePortOne, client: PortOneClient
) -> None:
    given: dict[str, Any] = {
        **REGISTRATION,
        "prepaid_auth_yn": "Y",
        "prepaid_amount": 9900,
        "vender_type": "VID2",
        "reward_id": "r-1",
    }
    await prepare(client, **given)
    await client.kcp_quick.update_prepared("order-1", **given, extra_body={"newer": 1})

    post, put = server.requests[-2:]
    assert (post.method, put.method) == ("POST", "PUT")
    assert post.target == put.target == PREPARE
    assert json.loads(post.body) == given
    assert json.loads(put.body) == given | {"newer": 1}


async def test_registered_number_is_refused(server: FakePortOne, client: PortOneClient) -> None:
    await prepare(client)

    with pytest.raises(ApiError) as caught:
        await prepare(client)

    assert caught.value.status == 409
    assert server.count(PREPARE, "PUT") == 0


async def test_update_of_a_number_that_is_not_registered_is_not_found(
    client: PortOneClient,
) -> None:
    with pytest.raises(KcpQuickNotFoundError) as caught:
        await client.kcp_quick.update_prepared("order-1", **REGISTRATION)

    assert caught.value.identifiers == {"merchant_uid": "order-1"}


@pytest.mark.parametrize("response", [None, {}, [1], "ok", {"merchant_uid": 5}], ids=repr)
async def test_any_response_of_a_success_is_accepted(
    server: FakePortOne, client: PortOneClient, response: Any
) -> None:
    server.fail(Json(answer(response)), times=2, on=PREPARE)

    await prepare(client)
    await client.kcp_quick.update_prepared("order-1", **REGISTRATION)


async def test_lost_answer_of_prepare_is_settled_by_an_update(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(LostAnswer(), on=PREPARE)

    await prepare(client)

    assert [each.method for each in server.requests if each.path == PREPARE] == ["POST", "PUT"]


@pytest.mark.parametrize("fault", [Reset(), Status(503), HtmlPage()], ids=repr)
async def test_prepare_that_was_not_processed_is_sent_again(
    server: FakePortOne, client: PortOneClient, fault: Any
) -> None:
    server.fail(fault, on=PREPARE)

    await prepare(client)

    assert server.count(PREPARE, "POST") == 2
    assert server.kcp_quick.registered["order-1"]["code_verifier"] == "secret"


async def test_prepare_without_any_answer_is_unknown(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Status(503), times=None, on=PREPARE)

    with pytest.raises(OutcomeUnknownError):
        await prepare(client)


@pytest.mark.parametrize(
    ("name", "value"),
    [("prepaid_amount", 1.5), ("prepaid_amount", True), ("prepaid_amount", Decimal("0.5"))],
)
async def test_amount_that_is_not_whole_is_not_sent(
    server: FakePortOne, client: PortOneClient, name: str, value: Any
) -> None:
    with pytest.raises(InvalidRequestError):
        await prepare(client, **{name: value})

    assert not server.requests


# Payments


async def test_payment_with_money_sends_every_parameter(
    server: FakePortOne, client: PortOneClient
) -> None:
    payment = await with_money(client, notice_url="https://shop.example", extra_body={"newer": 1})

    assert payment == await client.payments.find("order-1")
    request = server.requests[-2]
    assert (request.method, request.target) == ("POST", "/kcpquick/payment/money")
    assert json.loads(request.body) == {
        "member_id": "member-1",
        "channel_key": "channel-1",
        "merchant_uid": "order-1",
        "name": "상품",
        "amount": 9900,
        "imp_uid": "imp_1",
        "notice_url": "https://shop.example",
        "newer": 1,
    }


async def test_automatic_payment_sends_every_parameter(
    server: FakePortOne, client: PortOneClient
) -> None:
    payment = await automatically(client, notice_url="https://shop.example")

    assert payment.customer_uid == "key-1"
    request = server.requests[-1]
    assert (request.method, request.target) == ("POST", "/kcpquick/payment/autopay")
    assert json.loads(request.body) == {
        "customer_uid": "key-1",
        "merchant_uid": "order-1",
        "name": "상품",
        "buyer_name": "홍길동",
        "amount": 9900,
        "notice_url": "https://shop.example",
    }


@PAYMENTS
async def test_second_delivery_returns_the_paid_payment(
    server: FakePortOne, client: PortOneClient, pay: Doing
) -> None:
    assert await pay(client) == await pay(client)
    assert server.count(PAYMENT) == 1


@PAYMENTS
async def test_failed_payment_is_an_error_with_it(
    server: FakePortOne, client: PortOneClient, pay: Doing
) -> None:
    server.charges.fail_next("한도초과")

    with pytest.raises(ChargeFailedError) as caught:
        await pay(client)

    assert caught.value.payment.fail_reason == "한도초과"


@PAYMENTS
async def test_lost_answer_of_a_payment_is_looked_up(
    server: FakePortOne, client: PortOneClient, pay: Doing
) -> None:
    server.fail(LostAnswer(), on=PAYMENT)

    assert (await pay(client)).is_paid
    assert server.count(PAYMENT) == 1


@PAYMENTS
@pytest.mark.parametrize("fault", [Reset(), Json(answer(None, code=-1), 500)], ids=repr)
async def test_payment_without_a_trace_is_unknown_and_not_sent_again(
    server: FakePortOne, client: PortOneClient, pay: Doing, fault: Any
) -> None:
    server.fail(fault, on=PAYMENT)

    with pytest.raises(OutcomeUnknownError):
        await pay(client)

    assert server.count(PAYMENT) == 1


@PAYMENTS
async def test_payment_of_another_amount_is_never_accepted(
    server: FakePortOne, client: PortOneClient, pay: Doing
) -> None:
    body = SAMPLES["again_paid"].body
    response = body["response"] | {"merchant_uid": "order-1", "customer_uid": None, "amount": 1}
    server.fail(Json(body | {"response": response}), on=PAYMENT)

    with pytest.raises(PaymentMismatchError, match="amount is 1, not 9900"):
        await pay(client)


@PAYMENTS
async def test_rejected_token_is_renewed_once(
    server: FakePortOne, client: PortOneClient, pay: Doing
) -> None:
    server.fail(ExpiredToken(), on=PAYMENT)

    assert (await pay(client)).is_paid


@PAYMENTS
@pytest.mark.parametrize("amount", [Decimal("0.5"), 1.5, True, -1, "x", None], ids=repr)
async def test_payment_of_a_fraction_is_not_sent(
    server: FakePortOne, client: PortOneClient, pay: Any, amount: Any
) -> None:
    with pytest.raises(InvalidRequestError, match="amount"):
        await pay(client, amount=amount)

    assert not server.requests


async def test_record_of_the_transaction_does_not_use_the_number(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.charges.refuses_used_numbers = False
    server.add(imp_uid="imp_1", merchant_uid="order-1", status="ready")

    assert (await with_money(client)).is_paid


async def test_used_transaction_or_number_is_refused(
    server: FakePortOne, client: PortOneClient
) -> None:
    await with_money(client)

    with pytest.raises(ApiError):
        await with_money(client, merchant_uid="order-2")
    with pytest.raises(OrderNumberUsedError):
        await with_money(client, amount=1)


@pytest.mark.parametrize("pay", [with_money, automatically])
async def test_unknown_member_or_key_is_an_api_error(
    server: FakePortOne, client: PortOneClient, pay: Doing
) -> None:
    server.kcp_quick.remove_member("member-1")
    server.billing_keys.remove("key-1")

    with pytest.raises(ApiError):
        await pay(client)


# Members and keys


async def test_deletions_send_what_is_documented(
    server: FakePortOne, client: PortOneClient
) -> None:
    assert await delete_key(client) == KcpQuickKey(customer_uid="key-1")
    member = await delete_member(client)

    key_request, member_request = server.requests[-2:]
    assert (key_request.method, key_request.target) == ("DELETE", "/kcpquick/autopay/key-1")
    assert member.member_id == "member-1"
    assert member.pg_provider == "kcp_quick"
    assert member_request.method == "DELETE"
    assert member_request.path == "/kcpquick/members/member-1"
    assert dict(member_request.query) == SITE
    # The document requires this header.
    assert member_request.headers["accept"] == "application/json"


async def test_samples_of_deletions_are_returned(
    server: FakePortOne, client: PortOneClient
) -> None:
    key, member = SAMPLES["kcpquick_autopay_deleted_ok"], SAMPLES["kcpquick_member_deleted_ok"]
    server.fail(Json(key.body), Json(member.body), on="/kcpquick")

    deleted = await client.kcp_quick.delete_billing_key("kcpq-1001")
    erased = await client.kcp_quick.delete_member("member-1001", **SITE)

    assert deleted.raw == key.body["response"]
    assert erased.raw == member.body["response"]
    assert erased.inserted is not None


@DELETIONS
async def test_deletion_of_what_is_missing_is_not_found(
    server: FakePortOne, client: PortOneClient, delete: Doing
) -> None:
    await delete(client)

    with pytest.raises(KcpQuickNotFoundError):
        await delete(client)


@DELETIONS
async def test_lost_answer_of_a_deletion_is_repeated_and_done(
    server: FakePortOne, client: PortOneClient, delete: Doing
) -> None:
    server.fail(LostAnswer(), on="/kcpquick")

    await delete(client)

    assert server.count("/kcpquick", "DELETE") == 2


@DELETIONS
async def test_json_500_of_a_deletion_is_a_verdict(
    server: FakePortOne, client: PortOneClient, delete: Doing
) -> None:
    server.fail(Json(answer(None, code=-1, message="실패"), 500), on="/kcpquick")

    with pytest.raises(ApiError, match="실패") as caught:
        await delete(client)

    assert not caught.value.is_transient
    assert server.count("/kcpquick") == 1


@DELETIONS
async def test_deletion_without_any_answer_is_unknown(
    server: FakePortOne, client: PortOneClient, delete: Doing
) -> None:
    server.fail(Status(503), times=None, on="/kcpquick")

    with pytest.raises(OutcomeUnknownError):
        await delete(client)


@DELETIONS
async def test_refusal_of_a_repeated_deletion_is_reported(
    server: FakePortOne, client: PortOneClient, delete: Doing
) -> None:
    server.fail(Reset(), Json(answer(None, code=-1, message="실패"), 500), on="/kcpquick")

    with pytest.raises(ApiError, match="실패"):
        await delete(client)


# Biometric sign-in


async def test_fido_is_released(server: FakePortOne, client: PortOneClient) -> None:
    assert await release_fido(client) == KcpQuickFido(member_id="member-1")

    request = server.requests[-1]
    assert (request.method, request.path) == ("POST", "/kcpquick/members/member-1/fido/release")
    assert json.loads(request.body) == {"channel_key": "channel-1"}


async def test_failure_of_fido_has_the_code_and_message_of_kcp(
    server: FakePortOne, client: PortOneClient
) -> None:
    sample = SAMPLES["kcpquick_fido_failed"].body
    server.fail(Json(sample), on="/kcpquick")

    with pytest.raises(ApiError) as caught:
        await release_fido(client)

    assert (caught.value.code, caught.value.message) == (sample["code"], sample["message"])
    assert caught.value.pg_code == sample["error"]["code"]
    assert caught.value.pg_message == sample["error"]["message"]
    assert sample["error"]["code"] in str(caught.value)


@pytest.mark.parametrize("error", [None, "C210", [], {"code": 5, "message": {}}], ids=repr)
async def test_odd_error_of_kcp_is_ignored(
    server: FakePortOne, client: PortOneClient, error: Any
) -> None:
    server.fail(Json({"code": -1, "message": "실패", "error": error}), on="/kcpquick")

    with pytest.raises(ApiError) as caught:
        await release_fido(client)

    assert (caught.value.pg_code, caught.value.pg_message) == (None, None)


async def test_lost_answer_of_fido_with_a_refused_repetition_is_unknown(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(LostAnswer(), on="/kcpquick")

    with pytest.raises(OutcomeUnknownError, match="C210"):
        await client.kcp_quick.release_fido("member-1", channel_key="channel-1")

    assert server.count("/kcpquick") == 2


async def test_fido_that_was_not_processed_is_sent_again(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Reset(), on="/kcpquick")

    assert (await release_fido(client)).member_id == "member-1"


@pytest.mark.parametrize("do", [delete_key, delete_member, release_fido, with_money])
async def test_response_about_another_one_is_not_trusted(
    server: FakePortOne, client: PortOneClient, do: Doing
) -> None:
    other = {"customer_uid": "x", "member_id": "x", "imp_uid": "i", "merchant_uid": "x"}
    response = other | {"status": "paid", "amount": 1}
    server.fail(Json(answer(response)), times=2, on="/kcpquick")

    with pytest.raises(OutcomeUnknownError, match="another"):
        await do(client)


@pytest.mark.parametrize("uid", ["a/b", "a\\b", "", "..", "a\n"])
async def test_identifier_that_is_not_safe_in_a_path_is_not_sent(
    server: FakePortOne, client: PortOneClient, uid: str
) -> None:
    quick = client.kcp_quick
    for call in (
        quick.prepare(uid, **REGISTRATION),
        quick.update_prepared(uid, **REGISTRATION),
        quick.delete_billing_key(uid),
        quick.delete_member(uid, **SITE),
        quick.release_fido(uid, channel_key="channel-1"),
    ):
        with pytest.raises(InvalidRequestError):
            await call

    assert not server.requests
