"""``client.payments.cancel``, ``cancel_all`` and ``balance``: requests, arguments and keys."""

from __future__ import annotations

import pickle
from decimal import Decimal
from enum import Enum
from typing import Any

import pytest

from portone_async import (
    CancelRefusedError,
    InvalidRequestError,
    OutcomeUnknownError,
    Payment,
    PaymentNotFoundError,
    PortOneClient,
    PortOneError,
    ServerError,
    UnexpectedResponseError,
)
from portone_async.models.payment_balance import TaxSplit
from portone_async.resources.payments import BalanceNotFoundError
from portone_async.testing import (
    Delay,
    FakePortOne,
    Fault,
    Json,
    LostAnswer,
    Status,
)
from tests.support.refunds import URL, RefundBefore, history, sent

pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture(name="payment")
def _payment(server: FakePortOne) -> Payment:
    return server.add(imp_uid="imp_1", amount=15000)


# The request


@pytest.mark.usefixtures("payment")
async def test_cancel_sends_amount_checksum_and_reason(
    server: FakePortOne, client: PortOneClient
) -> None:
    payment = await client.payments.cancel("imp_1", amount=1000, reason="품절")

    assert (int(payment.cancel_amount), int(payment.balance)) == (1000, 14000)
    (entry,) = payment.cancel_history
    assert (entry.amount, entry.reason) == (Decimal(1000), "품절")
    look, act = server.requests[-2:]
    assert (look.method, look.target) == ("GET", "/payments/imp_1?include_sandbox=true")
    assert (act.method, act.target) == ("POST", URL)
    assert act.body.decode() == '{"imp_uid":"imp_1","amount":1000,"checksum":15000,"reason":"품절"}'


@pytest.mark.usefixtures("payment")
async def test_cancel_all_sends_the_whole_balance(
    server: FakePortOne, client: PortOneClient
) -> None:
    await client.payments.cancel("imp_1", amount=1000, reason="r")
    payment = await client.payments.cancel_all("imp_1", reason="s")

    assert payment.balance == 0
    assert sent(server)[-1] == {
        "imp_uid": "imp_1",
        "amount": 14000,
        "checksum": 14000,
        "reason": "s",
    }


@pytest.mark.usefixtures("payment")
async def test_every_parameter_is_sent_under_its_name(
    server: FakePortOne, client: PortOneClient
) -> None:
    await client.payments.cancel(
        "imp_1",
        amount="1000.0",
        reason="r",
        checksum=Decimal(15000),
        tax_free=Decimal(100),
        vat_amount="81",
        refund_holder="홍길동",
        refund_bank="04",
        refund_account="1234567890",
        refund_tel="010-0000-0000",
        retain_promotion=True,
        enable_webhook=False,
        requester="customer",
        extra_body={"escrow_confirmed": True},
    )

    assert sent(server) == [
        {
            "imp_uid": "imp_1",
            "amount": 1000,
            "checksum": 15000,
            "reason": "r",
            "tax_free": 100,
            "vat_amount": 81,
            "refund_holder": "홍길동",
            "refund_bank": "04",
            "refund_account": "1234567890",
            "refund_tel": "010-0000-0000",
            "retain_promotion": True,
            "enable_webhook": False,
            "extra": {"requester": "customer"},
            "escrow_confirmed": True,
        }
    ]


@pytest.mark.usefixtures("payment")
async def test_cancel_all_takes_the_same_parameters(
    server: FakePortOne, client: PortOneClient
) -> None:
    await client.payments.cancel_all("imp_1", reason="r", tax_free=0, requester="admin", key="K")

    assert sent(server)[0] == {
        "imp_uid": "imp_1",
        "amount": 15000,
        "checksum": 15000,
        "reason": "r [key:K]",
        "tax_free": 0,
        "extra": {"requester": "admin"},
    }


async def test_foreign_amount_is_an_exact_number(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(imp_uid="imp_1", amount=Decimal("10.05"), currency="USD")
    payment = await client.payments.cancel("imp_1", amount="0.10", reason="r")

    assert b'"amount":0.1,"checksum":10.05' in server.requests[-1].body
    assert payment.balance == Decimal("9.95")


async def test_payment_of_a_test_channel_is_refunded(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(imp_uid="imp_1", sandbox=True)
    assert (await client.payments.cancel_all("imp_1", reason="r")).balance == 0


@pytest.mark.parametrize("faults", [[], [LostAnswer()]], ids=["refusal", "look-up"])
@pytest.mark.usefixtures("payment")
async def test_error_has_no_secret_that_portone_repeats(
    server: FakePortOne, client: PortOneClient, faults: list[Fault]
) -> None:
    echo = Json({"code": -1, "message": "비밀, 1234567890", "response": None})
    server.fail(*faults or [echo], on=URL)
    server.fail(Delay(0), on="/payments/imp_1")
    server.fail(echo, on="/payments/imp_1", times=None)
    with pytest.raises(PortOneError) as caught:
        await client.payments.cancel(
            "imp_1", amount=1, reason="비밀", key="K", refund_account="1234567890", settle=0
        )

    assert "***, ***" in str(caught.value)
    assert b"1234567890" not in pickle.dumps(caught.value)
    assert "비밀".encode() not in pickle.dumps(caught.value)


# Arguments that are refused unsent


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ({"amount": 0}, "more than 0"),
        ({"amount": -1}, "more than 0"),
        ({"amount": Decimal("-0.5")}, "more than 0"),
        ({"amount": True}, "not bool"),
        ({"amount": None}, "not NoneType"),
        ({"amount": [10]}, "not list"),
        ({"amount": 10.5}, "not float"),
        ({"amount": Decimal("NaN")}, "not an amount"),
        ({"amount": Decimal("Infinity")}, "not an amount"),
        ({"amount": "1,000"}, "not an amount"),
        ({"checksum": -1}, "checksum"),
        ({"checksum": 1.0}, "checksum"),
        ({"tax_free": 0.5}, "tax_free"),
        ({"vat_amount": -1}, "vat_amount"),
        ({"reason": ""}, "reason"),
        ({"reason": " "}, "reason"),
        ({"reason": None}, "reason"),
        ({"reason": "r [key:R-2]"}, "reason must not contain"),
        ({"reason": "가" * 248, "key": "R-1"}, "at most 246 characters"),
        ({"key": ""}, "key"),
        ({"key": "R 1"}, "key"),
        ({"key": "R]1"}, "key"),
        ({"key": "가"}, "key"),
        ({"key": "R" * 65}, "key"),
        ({"key": "R\n"}, "key"),
        ({"key": 1}, "key"),
        ({"settle": -1}, "settle"),
        ({"settle": True}, "settle"),
        ({"imp_uid": "imp/1"}, "slash"),
        ({"imp_uid": ".."}, "imp_uid"),
        ({"imp_uid": ""}, "imp_uid"),
        ({"extra_body": {"merchant_uid": "o"}}, "merchant_uid"),
        ({"extra_body": {"amount": 1}}, "amount"),
        ({"extra_body": {"checksum": 1}}, "checksum"),
        ({"extra_body": {"extra": {}}}, "extra"),
        ({"extra_body": {"newer": 1.5}}, "newer"),
    ],
    ids=lambda value: str(value)[:40],
)
@pytest.mark.usefixtures("payment")
async def test_argument_that_can_never_be_right_sends_nothing(
    server: FakePortOne, client: PortOneClient, arguments: dict[str, Any], problem: str
) -> None:
    given: dict[str, Any] = {"imp_uid": "imp_1", "amount": 1000, "reason": "r", **arguments}
    with pytest.raises(InvalidRequestError, match=problem):
        await client.payments.cancel(**given)

    assert not server.requests


@pytest.mark.parametrize(
    ("fields", "arguments", "problem"),
    [
        ({}, {"amount": 15001}, "more than the balance, 15000"),
        ({}, {"amount": Decimal("0.5")}, "too many decimals: KRW has none"),
        ({"currency": "JPY"}, {"amount": Decimal("100.1")}, "JPY has none"),
        ({"currency": "USD"}, {"amount": "1.001"}, "USD has 2"),
        ({"currency": "kwd"}, {"amount": "1.0001"}, "kwd has 3"),
        ({}, {"tax_free": 1001}, "parts of the amount: 1001 is more than 1000"),
        ({}, {"tax_free": 950, "vat_amount": 91}, "1041 is more than 1000"),
        ({}, {"checksum": 14999}, "checksum 14999 is not the balance, 15000"),
        ({"promotion": {"id": "p", "discount": 100}}, {}, "promotion"),
    ],
    ids=str,
)
async def test_refund_that_does_not_fit_the_payment_is_not_sent(
    server: FakePortOne,
    client: PortOneClient,
    fields: dict[str, Any],
    arguments: dict[str, Any],
    problem: str,
) -> None:
    server.add(imp_uid="imp_1", **({"amount": 15000} | fields))
    given: dict[str, Any] = {"amount": 1000, "reason": "r", **arguments}
    with pytest.raises(InvalidRequestError, match=problem) as caught:
        await client.payments.cancel("imp_1", **given)

    assert caught.value.identifiers == {"imp_uid": "imp_1"}
    assert not sent(server)


async def test_refund_of_all_that_is_less_than_its_tax_free_part_is_not_sent(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(imp_uid="imp_1", status="cancelled", amount=15000, cancel_amount=14000)

    with pytest.raises(InvalidRequestError, match="1001 is more than 1000"):
        await client.payments.cancel_all("imp_1", reason="r", tax_free=1001)

    assert not sent(server)


@pytest.mark.parametrize("currency", ["USD", "kwd", "XYZ", None])
async def test_decimals_that_the_currency_has_or_may_have_are_sent(
    server: FakePortOne, client: PortOneClient, currency: str | None
) -> None:
    server.add(imp_uid="imp_1", amount=100, currency=currency)
    assert (await client.payments.cancel("imp_1", amount="0.25", reason="r")).cancel_history


async def test_unknown_payment_is_not_found(server: FakePortOne, client: PortOneClient) -> None:
    with pytest.raises(PaymentNotFoundError):
        await client.payments.cancel("imp_9", amount=1, reason="r")
    assert not sent(server)


async def test_nothing_left_to_refund_is_refused_unsent(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(imp_uid="imp_1", status="cancelled")
    with pytest.raises(CancelRefusedError, match="nothing is left") as caught:
        await client.payments.cancel_all("imp_1", reason="r")

    assert caught.value.code is None
    assert not sent(server)


async def test_failed_first_look_up_sends_nothing(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(imp_uid="imp_1")
    server.fail(Status(503), times=None, method="GET")
    with pytest.raises(ServerError):
        await client.payments.cancel("imp_1", amount=1, reason="r")
    assert not sent(server)


# Keys


@pytest.mark.usefixtures("payment")
async def test_key_that_was_used_sends_nothing(server: FakePortOne, client: PortOneClient) -> None:
    first = await client.payments.cancel("imp_1", amount=1000, reason="r", key="R-1")
    again = await client.payments.cancel("imp_1", amount=1000, reason="other", key="R-1")

    assert again == first
    assert [each["reason"] for each in sent(server)] == ["r [key:R-1]"]


@pytest.mark.usefixtures("payment")
async def test_longest_reason_with_a_key_has_256_characters(
    server: FakePortOne, client: PortOneClient
) -> None:
    await client.payments.cancel("imp_1", amount=1, reason="가" * 246, key="R-1")
    assert len(sent(server)[0]["reason"]) == 256


@pytest.mark.usefixtures("payment")
async def test_key_in_lost_answer_is_found_by_another_process(
    server: FakePortOne, client: PortOneClient
) -> None:
    # The first process is killed while it waits for the answer.
    server.fail(LostAnswer(), on=URL)
    server.fail(Delay(0))
    server.fail(Status(503), times=None, method="GET")
    with pytest.raises(OutcomeUnknownError):
        await client.payments.cancel("imp_1", amount=1000, reason="r", key="R-1", settle=0)
    server.clear_faults()

    async with server.client(rate_limit=None) as another:
        payment = await another.payments.cancel("imp_1", amount=1000, reason="r", key="R-1")
    assert payment.cancel_amount == 1000
    assert len(sent(server)) == 1


@pytest.mark.usefixtures("payment")
async def test_part_of_a_key_is_another_key(server: FakePortOne, client: PortOneClient) -> None:
    for key in ("R-10", "R-1", "R-11", "r-1"):
        await client.payments.cancel("imp_1", amount=1000, reason="R-1 [R-1]", key=key)
    assert len(sent(server)) == 4


class _Name(str, Enum):  # noqa: UP042 (the text of a StrEnum is its value)
    KEY = "R-1"
    AMOUNT = "1000"
    IMP_UID = "imp_1"
    REASON = "r"


@pytest.mark.usefixtures("payment")
async def test_member_of_an_enumeration_is_its_value(
    server: FakePortOne, client: PortOneClient
) -> None:
    await client.payments.cancel(
        _Name.IMP_UID, amount=_Name.AMOUNT, reason=_Name.REASON, key=_Name.KEY
    )
    await client.payments.cancel("imp_1", amount=1000, reason="r", key="R-1")

    assert history(server) == [(Decimal(1000), "r [key:R-1]")]


@pytest.mark.usefixtures("payment")
async def test_key_with_another_amount_is_refused_unsent(
    server: FakePortOne, client: PortOneClient
) -> None:
    await client.payments.cancel("imp_1", amount=1000, reason="r", key="R-1")
    with pytest.raises(InvalidRequestError, match="R-1 was used for a refund of 1000"):
        await client.payments.cancel("imp_1", amount=999, reason="r", key="R-1")
    with pytest.raises(InvalidRequestError, match="R-1 was used"):
        await client.payments.cancel_all("imp_1", reason="r", key="R-1")
    assert len(sent(server)) == 1


@pytest.mark.usefixtures("payment")
async def test_key_of_a_whole_refund_sends_nothing_the_second_time(
    server: FakePortOne, client: PortOneClient
) -> None:
    await client.payments.cancel("imp_1", amount=1000, reason="r")
    first = await client.payments.cancel_all("imp_1", reason="r", key="R-1")
    assert await client.payments.cancel_all("imp_1", reason="r", key="R-1") == first
    assert len(sent(server)) == 2


@pytest.mark.usefixtures("payment")
async def test_equal_sum_under_another_key_is_another_refund(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(RefundBefore(reason="r [key:R-10]"), on=URL)
    with pytest.raises(CancelRefusedError, match="no longer the balance"):
        await client.payments.cancel("imp_1", amount=1000, reason="r", key="R-1")
    assert history(server) == [(Decimal(1000), "r [key:R-10]")]


async def test_unreadable_history_hides_keys_and_sends_nothing(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(imp_uid="imp_1", amount=15000)
    body = server.payments.among(["imp_1"], [])[0].body()
    odd = {"amount": 1000, "reason": ["R-1"]}
    server.fail(
        Json({"code": 0, "message": None, "response": body | {"cancel_history": [odd]}}),
        method="GET",
    )
    with pytest.raises(UnexpectedResponseError, match="whether the key R-1 was used"):
        await client.payments.cancel("imp_1", amount=1000, reason="r", key="R-1")
    assert not sent(server)


# The balance by means of payment


async def test_balance_is_split_by_tax(server: FakePortOne, client: PortOneClient) -> None:
    server.add(imp_uid="imp_1", amount=11000, pg_provider="payco")
    await client.payments.cancel("imp_1", amount=1100, reason="r")
    balance = await client.payments.balance("imp_1")

    assert server.requests[-1].target == "/payments/imp_1/balance"
    assert balance.amount == 11000
    assert balance.primary == TaxSplit(
        tax_free=Decimal(0), supply=Decimal(9000), vat=Decimal(900), service=Decimal(0)
    )
    paid, refunded = balance.histories
    assert (paid.primary, refunded.primary) != (None, None)
    assert refunded.primary is not None
    assert refunded.primary.supply == -1000


async def test_balance_of_another_pg_is_not_found(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(imp_uid="imp_1", pg_provider="nice")
    with pytest.raises(BalanceNotFoundError) as caught:
        await client.payments.balance("imp_1")
    assert not isinstance(caught.value, PaymentNotFoundError)


async def test_balance_of_an_unknown_payment_reports_it(client: PortOneClient) -> None:
    with pytest.raises(PaymentNotFoundError):
        await client.payments.balance("imp_9")


SPARSE: list[dict[str, Any]] = [
    {"amount": 1},
    {"amount": "1", "primary": None, "histories": None, "newer": {}},
    {"amount": 1, "primary": {"supply": None}, "histories": [{}]},
]


@pytest.mark.parametrize("response", SPARSE, ids=str)
async def test_balance_needs_nothing_but_the_amount(
    server: FakePortOne, client: PortOneClient, response: dict[str, Any]
) -> None:
    server.fail(Json({"code": 0, "message": None, "response": response}))
    assert (await client.payments.balance("imp_1")).amount == 1


async def test_balance_of_an_id_with_a_slash_is_not_sent(
    server: FakePortOne, client: PortOneClient
) -> None:
    with pytest.raises(InvalidRequestError, match="slash"):
        await client.payments.balance("imp/1")
    assert not server.requests
