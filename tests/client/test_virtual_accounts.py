"""``client.virtual_accounts``: issued once, changed and closed."""

from __future__ import annotations

import asyncio
import json
import pickle
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from portone_async import (
    ApiError,
    InvalidRequestError,
    OrderNumberUsedError,
    OutcomeUnknownError,
    Payment,
    PortOneClient,
    UnexpectedResponseError,
)
from portone_async.resources import _settle
from portone_async.resources.virtual_accounts import (
    MoneyReceivedError,
    SurplusPaymentsError,
    VirtualAccountNotFoundError,
    VirtualAccountNotWaitingError,
)
from portone_async.testing import (
    Delay,
    Duplicate,
    ExpiredToken,
    FakePortOne,
    HtmlPage,
    Json,
    LostAnswer,
    Reset,
    Status,
    Unauthorized,
)
from tests.support.sample_bodies import SAMPLES

URL = "/vbanks"
DUE = datetime(2030, 1, 1, tzinfo=UTC)
REQUIRED: dict[str, Any] = {
    "channel_key": "channel-key-1",
    "amount": 44000,
    "vbank_code": "BK04",
    "vbank_due": DUE,
}


def issue(client: PortOneClient, merchant_uid: str = "o", **more: Any) -> Awaitable[Payment]:
    return client.virtual_accounts.issue(merchant_uid, **(REQUIRED | more))


@pytest.fixture
def quick_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look again after 10 ms, not after seconds."""
    monkeypatch.setattr(_settle, "_PAUSES", ())
    monkeypatch.setattr(_settle, "_LAST_PAUSE", 0.01)


async def test_issued_account_waits_for_its_money(
    server: FakePortOne, client: PortOneClient
) -> None:
    payment = await issue(client)

    assert payment.status == "ready"
    assert (payment.vbank_code, payment.vbank_name) == ("004", "국민은행")
    assert payment.vbank_num
    assert payment.vbank_date == DUE
    assert payment.paid_at is None
    paid = server.virtual_accounts.deposit(payment.imp_uid)
    assert await client.payments.verify("o", amount=44000) == paid


async def test_issue_omits_parameters_without_a_value(
    server: FakePortOne, client: PortOneClient
) -> None:
    await issue(client)

    look, post = server.requests[-2:]
    assert (look.method, look.path) == ("GET", "/payments/findAll/o")
    assert (post.method, post.target) == ("POST", URL)
    assert json.loads(post.body) == {
        "channel_key": "channel-key-1",
        "merchant_uid": "o",
        "amount": 44000,
        "vbank_code": "BK04",
        "vbank_due": 1893456000,
    }


async def test_issue_sends_every_parameter(server: FakePortOne, client: PortOneClient) -> None:
    texts = {
        "product_type": "real",
        "vbank_num": "110-1",
        "vbank_holder": "포트원상점",
        "vbank_key": "key-1",
        "name": "상품",
        "buyer_name": "홍길동",
        "buyer_email": "buyer@example.com",
        "buyer_tel": "010-0000-0000",
        "business_registration_number": "1234567890",
        "buyer_addr": "서울",
        "buyer_postcode": "06234",
        "escrow_password": "pw",
    }
    payment = await issue(
        client,
        **texts,
        amount=Decimal("10.50"),
        notice_url="https://shop.example/hook",
        custom_data={"cart": 1},
        tax_free=10,
        vat_amount=Decimal("0.5"),
        pg_api_key="iniapi-key",
        product_count=2,
        fixed_unlimited_vbank=False,
        extra_body={"newer": True},
    )

    post = server.requests[-1]
    assert post.target == "/vbanks?pg_api_key=iniapi-key"
    assert b'"amount":10.5,' in post.body
    assert json.loads(post.body) == {
        "channel_key": "channel-key-1",
        "merchant_uid": "o",
        "amount": 10.5,
        "vbank_code": "BK04",
        "vbank_due": 1893456000,
        **texts,
        "notice_url": ["https://shop.example/hook"],
        "custom_data": {"cart": 1},
        "tax_free": 10,
        "vat_amount": 0.5,
        "product_count": 2,
        "fixed_unlimited_vbank": False,
        "newer": True,
    }
    assert payment.custom() == {"cart": 1}
    assert payment.buyer_name == "홍길동"


async def test_webhooks_may_go_to_several_urls(server: FakePortOne, client: PortOneClient) -> None:
    urls = ("https://a.example", "https://b.example")

    await issue(client, notice_url=urls)

    assert json.loads(server.requests[-1].body)["notice_url"] == [*urls]


async def test_inicis_requires_its_key_in_the_query(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.virtual_accounts.pg_provider = "html5_inicis"
    key = server.virtual_accounts.pg_api_key
    with pytest.raises(ApiError, match="hashData"):
        await issue(client, extra_body={"pg_api_key": key})

    payment = await issue(client, pg_api_key=key)

    with pytest.raises(ApiError, match="hashData"):
        await client.virtual_accounts.close(payment.imp_uid)
    closed = await client.virtual_accounts.close(payment.imp_uid, pg_api_key=key)
    assert closed.status == "cancelled"


async def test_order_that_was_paid_gets_no_account(
    server: FakePortOne, client: PortOneClient
) -> None:
    paid = server.add(merchant_uid="o", amount=44000)
    server.add(merchant_uid="o", amount=44000, status="failed")

    with pytest.raises(OrderNumberUsedError, match="paid before") as caught:
        await issue(client)

    assert caught.value.payments == (paid,)
    assert server.count(URL) == 0


async def test_refunded_order_gets_no_account(server: FakePortOne, client: PortOneClient) -> None:
    server.add(merchant_uid="o", status="cancelled")

    with pytest.raises(OrderNumberUsedError):
        await issue(client)


async def test_refusal_of_portone_is_an_api_error(
    server: FakePortOne, client: PortOneClient
) -> None:
    refusal = {"code": -1, "message": "가상계좌 계약이 필요합니다.", "response": None}
    for status in (200, 400):
        server.fail(Json(refusal, status=status), on=URL)
        with pytest.raises(ApiError, match="계약이 필요합니다"):
            await issue(client)
    assert server.count(URL) == 2


async def test_waiting_account_does_not_prevent_another(
    server: FakePortOne, client: PortOneClient
) -> None:
    first, second = await issue(client), await issue(client)

    assert first.imp_uid != second.imp_uid
    assert server.count(URL) == 2


@pytest.mark.parametrize("fault", [LostAnswer(), Duplicate()])
async def test_reuse_returns_the_waiting_account(
    server: FakePortOne, client: PortOneClient, fault: Any
) -> None:
    first = await issue(client, reuse=True)
    server.fail(fault, on=URL)

    assert await issue(client, reuse=True) == first
    assert server.count(URL) == 1


async def test_two_tasks_with_reuse_open_one_account(
    server: FakePortOne, client: PortOneClient
) -> None:
    first, second = await asyncio.gather(issue(client, reuse=True), issue(client, reuse=True))

    assert first == second
    assert server.count(URL) == 1


async def test_two_tasks_each_find_their_account_after_lost_answers(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(LostAnswer(), times=2, on=URL)

    first, second = await asyncio.gather(issue(client), issue(client))

    assert first.imp_uid != second.imp_uid
    assert server.count(URL) == 2


async def test_reuse_takes_neither_late_nor_other_accounts(
    server: FakePortOne, client: PortOneClient
) -> None:
    past = datetime.now(UTC) - timedelta(days=1)
    server.add(merchant_uid="o", status="ready", amount=44000)  # An open payment window.
    server.add(merchant_uid="o", status="ready", amount=1, pay_method="vbank", vbank_num="1")
    server.add(merchant_uid="o", status="ready", amount=44000, pay_method="vbank", vbank_date=past)

    payment = await issue(client, reuse=True)

    assert payment.imp_uid.startswith("imps_")
    assert server.count(URL) == 1


async def test_reuse_reports_several_waiting_accounts(
    server: FakePortOne, client: PortOneClient
) -> None:
    first, second = await issue(client), await issue(client)

    with pytest.raises(SurplusPaymentsError) as caught:
        await issue(client, reuse=True)

    assert caught.value.payment == first
    assert caught.value.surplus == (second,)
    assert pickle.loads(pickle.dumps(caught.value)) == caught.value
    await client.virtual_accounts.close(second.imp_uid)
    assert await issue(client, reuse=True) == first


@pytest.mark.parametrize("fault", [LostAnswer(), ExpiredToken()])
async def test_account_is_issued_once(
    server: FakePortOne, client: PortOneClient, fault: Any
) -> None:
    earlier = await issue(client)
    server.clear_requests()
    server.fail(fault, on=URL)

    payment = await issue(client)

    assert payment.imp_uid != earlier.imp_uid
    assert len(server.payments.of_order("o")) == 2
    # A token is checked first: the request with the old one was not processed.
    assert server.count(URL) == (1 if isinstance(fault, LostAnswer) else 2)


async def test_issue_is_never_sent_twice(
    server: FakePortOne, client: PortOneClient, quick_looks: None
) -> None:
    for fault in (Reset(), Status(500), Status(503), HtmlPage(502), HtmlPage(200)):
        server.clear_requests()
        server.fail(fault, on=URL)
        with pytest.raises(OutcomeUnknownError, match="unknown") as caught:
            await issue(client, settle=0.05)
        assert server.count(URL) == 1
        # Before the request and after it; how often in so short a time depends on the machine.
        assert server.count("/payments/findAll/o") >= 2
        assert not caught.value.is_transient
        assert caught.value.identifiers == {"merchant_uid": "o"}
    assert not server.payments.of_order("o")


async def test_account_that_appears_late_is_found(
    server: FakePortOne, client: PortOneClient, quick_looks: None
) -> None:
    held: list[Callable[[], Any]] = []

    class Hold(Reset, frozen=True):
        async def meet(self, exchange: Any) -> None:
            held.append(exchange.reply)
            await super().meet(exchange)

    class ProcessHeld(Delay, frozen=True):
        async def meet(self, exchange: Any) -> Any:
            held.pop()()
            return exchange.reply()

    server.fail(Hold(), on=URL)
    server.fail(Delay(0), Delay(0), Status(503), ProcessHeld(0), on="/payments/findAll/")

    assert (await issue(client, settle=60)).status == "ready"
    assert not held
    assert server.count(URL) == 1


async def test_account_that_is_paid_at_once_is_found(
    server: FakePortOne, client: PortOneClient
) -> None:
    class PaidAtOnce(LostAnswer, frozen=True):
        async def meet(self, exchange: Any) -> None:
            await super().meet(exchange)
            (entry,) = server.payments.of_order("o")
            server.virtual_accounts.deposit(entry.imp_uid)

    server.fail(PaidAtOnce(), on=URL)

    assert (await issue(client)).status == "paid"


async def test_surplus_account_of_a_lost_answer_is_reported(
    server: FakePortOne, client: PortOneClient
) -> None:
    class TwiceAndLost(LostAnswer, frozen=True):
        async def meet(self, exchange: Any) -> None:
            exchange.reply()
            await super().meet(exchange)

    server.fail(TwiceAndLost(), on=URL)

    with pytest.raises(SurplusPaymentsError, match="2 payments") as caught:
        await issue(client)

    payment, surplus = caught.value.payment, caught.value.surplus
    assert {payment.imp_uid, *(each.imp_uid for each in surplus)} == {
        entry.imp_uid for entry in server.payments.of_order("o")
    }
    assert not caught.value.is_transient


async def test_other_payments_are_not_taken_for_the_account(
    server: FakePortOne, client: PortOneClient
) -> None:
    class WindowOpens(Reset, frozen=True):
        async def meet(self, exchange: Any) -> None:
            server.add(merchant_uid="o", status="ready", amount=44000)
            server.add(merchant_uid="o", status="ready", amount=1, vbank_num="1")
            await super().meet(exchange)

    server.fail(WindowOpens(), on=URL)

    with pytest.raises(OutcomeUnknownError):
        await issue(client, settle=0)


async def test_unlimited_account_is_recognized_without_its_amount(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(LostAnswer(), on=URL)

    payment = await issue(client, amount=1000, fixed_unlimited_vbank=True, vbank_num="110-1")

    assert (payment.amount, payment.vbank_num) == (Decimal(0), "110-1")


@pytest.mark.parametrize(
    "wrong",
    [
        {"merchant_uid": "x" * 41},
        {"merchant_uid": "a/b"},
        {"merchant_uid": ".."},
        {"amount": 1.5},
        {"amount": -1},
        {"amount": 0},
        {"tax_free": 10**9},
        {"vbank_due": datetime(2030, 1, 1)},  # noqa: DTZ001 (without a time zone)
        {"vbank_due": 1893456000},
        {"tax_free": True},
        {"notice_url": [5]},
        {"extra_body": {"amount": 1}},
        {"settle": -1},
    ],
)
async def test_impossible_request_is_not_sent(
    server: FakePortOne, client: PortOneClient, wrong: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequestError):
        await issue(client, **wrong)
    assert not server.requests


# update


async def test_update_changes_amount_and_deadline(
    server: FakePortOne, client: PortOneClient
) -> None:
    payment = await issue(client)

    changed = await client.virtual_accounts.update(
        payment.imp_uid, amount=42000, vbank_due=DUE + timedelta(days=1), extra_body={"a": 1}
    )

    assert (changed.amount, changed.vbank_date) == (Decimal(42000), DUE + timedelta(days=1))
    put = server.requests[-1]
    assert (put.method, put.target) == ("PUT", f"/vbanks/{payment.imp_uid}")
    assert json.loads(put.body) == {"amount": 42000, "vbank_due": 1893542400, "a": 1}


async def test_update_is_repeated_after_a_lost_answer(
    server: FakePortOne, client: PortOneClient
) -> None:
    payment = await issue(client)
    server.fail(LostAnswer(), Status(503), on=f"{URL}/")

    assert (await client.virtual_accounts.update(payment.imp_uid, amount=1)).amount == 1
    assert server.count(f"{URL}/", "PUT") == 3


async def test_update_of_nothing_is_not_sent(server: FakePortOne, client: PortOneClient) -> None:
    for imp_uid, changes in (
        ("imp_1", {}),
        ("a/b", {"amount": 1}),
        ("imp_1", {"amount": 0.5}),
        ("imp_1", {"amount": 0}),
    ):
        with pytest.raises(InvalidRequestError):
            await client.virtual_accounts.update(imp_uid, **changes)  # pyright: ignore[reportArgumentType] (wrong on purpose)
    assert not server.requests


Change = Callable[[PortOneClient, str], Awaitable[Payment]]


def change(client: PortOneClient, imp_uid: str) -> Awaitable[Payment]:
    return client.virtual_accounts.update(imp_uid, amount=1)


def close(client: PortOneClient, imp_uid: str) -> Awaitable[Payment]:
    return client.virtual_accounts.close(imp_uid)


BOTH = pytest.mark.parametrize("method", [change, close])


@BOTH
async def test_unknown_payment_is_not_found(client: PortOneClient, method: Change) -> None:
    with pytest.raises(VirtualAccountNotFoundError) as caught:
        await method(client, "imp_missing")
    assert caught.value.status == 404


@BOTH
async def test_404_of_a_gateway_is_not_a_missing_payment(
    server: FakePortOne, client: PortOneClient, method: Change
) -> None:
    payment = await issue(client)
    server.fail(HtmlPage(404), times=None)

    with pytest.raises((UnexpectedResponseError, OutcomeUnknownError)):
        await method(
            client, payment.imp_uid
        ) if method is change else await client.virtual_accounts.close(payment.imp_uid, settle=0)


async def test_paid_account_cannot_be_changed(server: FakePortOne, client: PortOneClient) -> None:
    payment = await issue(client)
    server.virtual_accounts.deposit(payment.imp_uid)

    with pytest.raises(VirtualAccountNotWaitingError) as caught:
        await change(client, payment.imp_uid)
    assert caught.value.status == 400


# close


async def test_closed_account_is_not_a_refund(server: FakePortOne, client: PortOneClient) -> None:
    payment = await issue(client)

    closed = await client.virtual_accounts.close(payment.imp_uid)

    assert (closed.status, closed.cancel_amount, closed.paid_at) == ("cancelled", Decimal(0), None)
    delete = server.requests[-1]
    assert (delete.method, delete.target, delete.body) == (
        *("DELETE", f"/vbanks/{payment.imp_uid}"),
        b"",
    )


async def test_closing_twice_is_a_success(server: FakePortOne, client: PortOneClient) -> None:
    payment = await issue(client)
    closed = await client.virtual_accounts.close(payment.imp_uid)

    assert await client.virtual_accounts.close(payment.imp_uid) == closed
    assert [each.method for each in server.requests[-2:]] == ["DELETE", "GET"]
    assert server.requests[-1].query == (("include_sandbox", "true"),)


async def test_account_with_money_is_not_closed(server: FakePortOne, client: PortOneClient) -> None:
    payment = await issue(client)
    paid = server.virtual_accounts.deposit(payment.imp_uid)

    with pytest.raises(MoneyReceivedError, match="money has come in") as caught:
        await client.virtual_accounts.close(payment.imp_uid)

    assert caught.value.payment == paid
    assert not caught.value.is_transient
    assert pickle.loads(pickle.dumps(caught.value)) == caught.value


async def test_money_after_the_close_is_reported(
    server: FakePortOne, client: PortOneClient
) -> None:
    payment = await issue(client, fixed_unlimited_vbank=True)
    await client.virtual_accounts.close(payment.imp_uid)
    late = server.virtual_accounts.deposit(payment.imp_uid, 5000)
    assert (late.status, late.paid_at) == ("cancelled", None)

    with pytest.raises(MoneyReceivedError) as caught:
        await client.virtual_accounts.close(payment.imp_uid)
    assert caught.value.payment.deposit_history[0].amount == 5000


async def test_close_is_found_after_a_lost_answer(
    server: FakePortOne, client: PortOneClient
) -> None:
    payment = await issue(client)
    server.fail(LostAnswer(), on=f"{URL}/")

    assert (await client.virtual_accounts.close(payment.imp_uid)).status == "cancelled"
    assert server.count(URL, "DELETE") == 1


async def test_close_is_sent_again_while_the_account_waits(
    server: FakePortOne, client: PortOneClient
) -> None:
    payment = await issue(client)
    server.fail(Reset(), on=f"{URL}/")

    assert (await client.virtual_accounts.close(payment.imp_uid)).status == "cancelled"
    assert server.count(URL, "DELETE") == 2


async def test_close_is_unknown_if_no_look_up_is_answered(
    server: FakePortOne, client: PortOneClient
) -> None:
    payment = await issue(client)
    server.fail(LostAnswer(), on=f"{URL}/")
    server.fail(Status(503), times=None, on="/payments/")

    with pytest.raises(OutcomeUnknownError):
        await client.virtual_accounts.close(payment.imp_uid, settle=0)


async def test_refused_close_of_a_waiting_account_is_reported(
    server: FakePortOne, client: PortOneClient
) -> None:
    payment = await issue(client)
    server.fail(Json(SAMPLES["vbank_not_ready_400"].body, status=400), on=f"{URL}/")

    with pytest.raises(VirtualAccountNotWaitingError):
        await client.virtual_accounts.close(payment.imp_uid)
    assert server.count(URL, "DELETE") == 1


async def test_refused_token_leaves_the_account_open(
    server: FakePortOne, client: PortOneClient
) -> None:
    payment = await issue(client)
    server.fail(Unauthorized(), times=None, on=f"{URL}/")

    with pytest.raises(ApiError) as caught:
        await client.virtual_accounts.close(payment.imp_uid)
    assert caught.value.status == 401
    assert server.count(f"/payments/{payment.imp_uid}") == 0


@pytest.mark.parametrize("name", ["vbank_created_ready", "vbank_modified", "vbank_revoked"])
async def test_sample_decodes(server: FakePortOne, client: PortOneClient, name: str) -> None:
    sample = SAMPLES[name].body
    server.fail(Json(sample), on=URL)

    payment = await issue(client, sample["response"]["merchant_uid"])

    assert payment.raw == sample["response"]
    assert not payment.unreadable
