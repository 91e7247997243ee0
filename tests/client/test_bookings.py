"""``client.schedules.create``: each charge is booked once, whatever happens to the answers."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from portone_async import (
    ApiError,
    InvalidRequestError,
    OrderNumberUsedError,
    OutcomeUnknownError,
    PortOneClient,
    UnauthorizedError,
)
from portone_async.models.schedules import Schedule, ScheduleExtra, ScheduleItem
from portone_async.resources.billing_keys import BillingKeyNotFoundError
from portone_async.resources.schedules import PartlyBookedError, ScheduleMismatchError
from portone_async.testing import (
    CutBody,
    Duplicate,
    Exchange,
    ExpiredToken,
    FakePortOne,
    HtmlPage,
    Json,
    LostAnswer,
    Reply,
    Reset,
    Status,
    TooManyRequests,
    Unauthorized,
)
from portone_async.testing.endpoints.schedules import Schedules
from tests.support.changing import FaultsOfChanges
from tests.support.sample_bodies import SAMPLES

SCHEDULES = "/subscribe/payments/schedule"
START = datetime(2026, 3, 1, tzinfo=timezone(timedelta(hours=9)))
TOMORROW = START + timedelta(days=1)
PAST = START - timedelta(days=1)
CARD: dict[str, Any] = {"card_number": "1234-5678-9012-3456", "expiry": "2031-12"}


@pytest.fixture(name="server")
async def _server() -> AsyncIterator[FakePortOne]:
    async with FakePortOne(now=START.timestamp()) as server:
        server.billing_keys.add(customer_uid="key-1")
        yield server


def item(merchant_uid: str = "SUB-1", **fields: Any) -> ScheduleItem:
    given: dict[str, Any] = {"schedule_at": TOMORROW, "amount": 9900, "name": "월 이용료"}
    return ScheduleItem(merchant_uid=merchant_uid, **(given | fields))


async def create(client: PortOneClient, *items: Any, **options: Any) -> list[str]:
    given: dict[str, Any] = {"schedules": items or [item()], "settle": 0} | options
    booked = await client.schedules.create("key-1", **given)
    assert isinstance(booked, list)
    return [f"{schedule.merchant_uid} {schedule.schedule_status}" for schedule in booked]


def lose(server: FakePortOne, *faults: Any) -> None:
    server.fail(FaultsOfChanges(*faults), on=SCHEDULES, times=None)


def sent(server: FakePortOne) -> list[list[str]]:
    """Return the order numbers of each request to book."""
    return [
        [each["merchant_uid"] for each in request.fields["schedules"]]
        for request in server.requests
        if request.method == "POST" and request.path == SCHEDULES
    ]


async def test_create_sends_the_items_as_documented(
    server: FakePortOne, client: PortOneClient
) -> None:
    full = item(
        "SUB-1",
        amount="9.90",
        currency="USD",
        tax_free=Decimal("1.5"),
        vat_amount=0,
        buyer_name="홍길동",
        buyer_email="buyer@example.com",
        buyer_tel="010",
        buyer_addr="서울",
        buyer_postcode="06234",
        custom_data="{}",
        notice_url="https://shop.example/hook",
        product_type="digital",
        product_count=2,
        cash_receipt_type="anonymous",
        card_quota=0,
        interest_free_by_merchant=False,
        use_card_point=True,
        browser_ip="127.0.0.1",
        extra=ScheduleExtra(naver_use_cfm="20261231"),
        bypass="{}",
        promotion_id="promotion-id-1",
    )
    plain: dict[str, Any] = {
        "merchant_uid": "SUB-2",
        "schedule_at": TOMORROW,
        "amount": 100,
        "new": "field",
    }

    booked = await client.schedules.create(
        "key-1",
        schedules=(each for each in (full, plain)),
        customer_id="buyer-1",
        channel_key="channel-key-1",
        extra_body={"other": 1},
    )

    look, request = server.requests[-2:]
    assert (look.path, look.query) == (
        "/payments",
        (("merchant_uid[]", "SUB-1"), ("merchant_uid[]", "SUB-2")),
    )
    assert (request.method, request.path) == ("POST", SCHEDULES)
    at = int(TOMORROW.timestamp())
    assert request.fields == {
        "customer_uid": "key-1",
        "customer_id": "buyer-1",
        "channel_key": "channel-key-1",
        "other": 1,
        "schedules": [
            {
                "merchant_uid": "SUB-1",
                "schedule_at": at,
                "amount": Decimal("9.9"),
                "name": "월 이용료",
                "currency": "USD",
                "tax_free": Decimal("1.5"),
                "vat_amount": 0,
                "buyer_name": "홍길동",
                "buyer_email": "buyer@example.com",
                "buyer_tel": "010",
                "buyer_addr": "서울",
                "buyer_postcode": "06234",
                "custom_data": "{}",
                "notice_url": "https://shop.example/hook",
                "product_type": "digital",
                "product_count": 2,
                "cash_receipt_type": "anonymous",
                "card_quota": 0,
                "interest_free_by_merchant": False,
                "use_card_point": True,
                "browser_ip": "127.0.0.1",
                "extra": {"naverUseCfm": "20261231"},
                "bypass": "{}",
                "promotion_id": "promotion-id-1",
            },
            {"merchant_uid": "SUB-2", "schedule_at": at, "amount": 100, "new": "field"},
        ],
    }
    assert [schedule.amount for schedule in booked] == [Decimal("9.9"), 100]
    assert booked[0].schedule_at == TOMORROW


async def test_booked_charge_is_made_at_its_time(
    server: FakePortOne, client: PortOneClient
) -> None:
    await create(client)
    server.advance(86_400)

    assert (await client.payments.find("SUB-1", status="paid")).amount == 9900
    assert (await client.schedules.get("SUB-1")).is_paid


async def test_booking_with_a_card_issues_the_key(
    server: FakePortOne, client: PortOneClient
) -> None:
    await create(client, birth="880808", pwd_2digit="12", cvc="123", checking_amount=100, **CARD)

    assert (
        server.requests[-1].fields.items()
        >= {
            **CARD,
            "birth": "880808",
            "pwd_2digit": "12",
            "cvc": "123",
            "checking_amount": 100,
        }.items()
    )
    assert server.billing_keys.body("key-1")["card_number"] == "123456******3456"


# Second deliveries


async def test_second_delivery_books_nothing_twice(
    server: FakePortOne, client: PortOneClient
) -> None:
    first = await create(client, item(), item("SUB-2"))

    assert await create(client, item(), item("SUB-2")) == first
    assert len(server.schedules) == 2


async def test_two_deliveries_at_once_book_one_schedule(
    server: FakePortOne, client: PortOneClient
) -> None:
    booked = list(await asyncio.gather(create(client), create(client)))

    assert booked == [["SUB-1 scheduled"]] * 2
    assert len(server.schedules) == 1


async def test_second_delivery_books_what_the_first_did_not(
    server: FakePortOne, client: PortOneClient
) -> None:
    await create(client, item())

    booked = await create(client, item("SUB-0"), item(), item("SUB-2"))

    assert booked == ["SUB-0 scheduled", "SUB-1 scheduled", "SUB-2 scheduled"]
    assert sent(server)[1:] == [["SUB-0", "SUB-1", "SUB-2"], ["SUB-0", "SUB-2"]]


async def test_second_delivery_after_the_charge_returns_it(
    server: FakePortOne, client: PortOneClient
) -> None:
    await create(client)
    server.advance(86_400)

    assert await create(client) == ["SUB-1 executed"]
    assert await create(client, check_number=False) == ["SUB-1 executed"]
    assert len(server.payments.of_order("SUB-1")) == 1


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"amount": 9901}, "amount"),
        ({"currency": "USD"}, "currency"),
        ({"schedule_at": TOMORROW + timedelta(seconds=1)}, "schedule_at"),
    ],
)
async def test_number_that_is_booked_otherwise_is_a_mismatch(
    server: FakePortOne, client: PortOneClient, change: dict[str, Any], field: str
) -> None:
    await create(client)

    with pytest.raises(ScheduleMismatchError) as caught:
        await create(client, item(**change))

    assert [difference.field for difference in caught.value.differences] == [field]
    assert caught.value.schedule is not None
    assert caught.value.schedule.merchant_uid == "SUB-1"
    assert server.schedules.body("SUB-1")["amount"] == 9900


async def test_number_of_another_key_or_a_revoked_one_is_a_mismatch(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.schedules.add(merchant_uid="SUB-1", customer_uid="key-2", schedule_at=TOMORROW)
    server.schedules.add(
        merchant_uid="SUB-2",
        customer_uid="key-1",
        schedule_at=TOMORROW,
        schedule_status="revoked",
    )

    for number, field in (("SUB-1", "customer_uid"), ("SUB-2", "schedule_status")):
        with pytest.raises(ScheduleMismatchError) as caught:
            await create(client, item(number))
        assert [difference.field for difference in caught.value.differences] == [field]


async def test_currency_in_small_letters_is_the_same(
    server: FakePortOne, client: PortOneClient
) -> None:
    await create(client, item(currency="krw"))

    assert await create(client) == ["SUB-1 scheduled"]


# Numbers that payments have used


@pytest.mark.parametrize("status", ["paid", "failed", "ready", "cancelled"])
async def test_number_of_a_payment_is_not_booked(
    server: FakePortOne, client: PortOneClient, status: str
) -> None:
    payment = server.add(merchant_uid="SUB-1", status=status)

    with pytest.raises(OrderNumberUsedError) as caught:
        await create(client, item("SUB-0"), item())

    assert [each.imp_uid for each in caught.value.payments] == [payment.imp_uid]
    assert caught.value.identifiers == {"merchant_uid": "SUB-1"}
    assert sent(server) == []


async def test_check_of_the_numbers_can_be_switched_off(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(merchant_uid="SUB-1")

    assert await create(client, check_number=False) == ["SUB-1 scheduled"]
    assert server.count("/payments") == 0


async def test_failed_check_of_the_numbers_sends_nothing(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(HtmlPage(200), on="/payments", times=None)

    with pytest.raises(Exception, match="not JSON"):
        await create(client)

    assert sent(server) == []


# Lost answers


@pytest.mark.parametrize("fault", [LostAnswer(), CutBody(), Duplicate()], ids=str)
async def test_lost_answer_is_looked_up(
    server: FakePortOne, client: PortOneClient, fault: Any
) -> None:
    lose(server, fault)

    assert await create(client, item(), item("SUB-2")) == ["SUB-1 scheduled", "SUB-2 scheduled"]
    assert len(sent(server)) == 1


@pytest.mark.parametrize("fault", [Reset(), Status(503), HtmlPage(200)], ids=str)
async def test_lost_request_is_sent_again_under_its_number(
    server: FakePortOne, client: PortOneClient, fault: Any
) -> None:
    lose(server, fault)

    assert await create(client) == ["SUB-1 scheduled"]
    assert sent(server) == [["SUB-1"]] * 2


class BooksOne:
    """Books the first item only, and loses the answer."""

    async def meet(self, exchange: Exchange) -> Reply | None:
        fields = exchange.request.fields
        Schedules(exchange.account).book(fields["customer_uid"], fields["schedules"][0])
        exchange.reset()
        return None


async def test_only_the_missing_ones_are_sent_again(
    server: FakePortOne, client: PortOneClient
) -> None:
    lose(server, BooksOne())

    assert await create(client, item(), item("SUB-2")) == ["SUB-1 scheduled", "SUB-2 scheduled"]
    assert sent(server) == [["SUB-1", "SUB-2"], ["SUB-2"]]


@pytest.mark.parametrize("options", [CARD, {"checking_amount": 100}], ids=["card", "check"])
async def test_request_with_a_card_or_a_test_charge_is_sent_once(
    server: FakePortOne, client: PortOneClient, options: dict[str, Any]
) -> None:
    lose(server, Reset())

    with pytest.raises(OutcomeUnknownError) as caught:
        await create(client, **options)

    assert sent(server) == [["SUB-1"]]
    assert "SUB-1" in caught.value.evidence[-1]


@pytest.mark.parametrize("options", [CARD, {"checking_amount": 100}], ids=["card", "check"])
async def test_lost_answer_with_a_card_is_looked_up(
    server: FakePortOne, client: PortOneClient, options: dict[str, Any]
) -> None:
    lose(server, LostAnswer())

    assert await create(client, **options) == ["SUB-1 scheduled"]
    assert len(sent(server)) == 1


async def test_request_that_never_arrives_ends_unknown(
    server: FakePortOne, client: PortOneClient
) -> None:
    lose(server, *[Reset()] * 9)

    with pytest.raises(OutcomeUnknownError) as caught:
        await create(client, item(), item("SUB-2"))

    assert "SUB-1, SUB-2" in caught.value.evidence[-1]
    assert not caught.value.is_transient


class BookedByAnother:
    """Lets another process book the number for another amount, and loses the request."""

    async def meet(self, exchange: Exchange) -> Reply | None:
        other = {"merchant_uid": "SUB-1", "schedule_at": TOMORROW.timestamp(), "amount": 1}
        Schedules(exchange.account).book("key-1", other)
        exchange.reset()
        return None


async def test_booking_of_another_process_is_not_taken_for_this_one(
    server: FakePortOne, client: PortOneClient
) -> None:
    lose(server, BookedByAnother())

    with pytest.raises(ScheduleMismatchError):
        await create(client)

    assert len(sent(server)) == 1


async def test_answer_without_some_of_them_is_looked_up(
    server: FakePortOne, client: PortOneClient
) -> None:
    lose(server, Json({"code": 0, "message": None, "response": []}))

    assert await create(client) == ["SUB-1 scheduled"]
    assert len(sent(server)) == 2


async def test_answers_without_any_of_them_end_unknown(
    server: FakePortOne, client: PortOneClient
) -> None:
    lose(server, *[Json({"code": 0, "message": None, "response": []})] * 9)

    with pytest.raises(OutcomeUnknownError):
        await create(client)

    assert len(server.schedules) == 0


async def test_401_before_the_booking_is_repeated_once(
    server: FakePortOne, client: PortOneClient
) -> None:
    lose(server, ExpiredToken())
    assert await create(client) == ["SUB-1 scheduled"]

    server.clear_faults()
    lose(server, Unauthorized(), Unauthorized())
    with pytest.raises(UnauthorizedError):
        await create(client, item("SUB-2"))
    assert "SUB-2" not in server.schedules


async def test_429_books_nothing_and_is_not_a_refusal(
    server: FakePortOne, client: PortOneClient
) -> None:
    lose(server, *[TooManyRequests(retry_after="999")] * 9)

    with pytest.raises(ApiError) as caught:
        await create(client)

    assert caught.value.status == 429
    assert len(server.schedules) == 0


# Refusals


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (CARD | {"card_number": "1234"}, "F112"),
        ({"schedules": [item(schedule_at=START - timedelta(days=1))]}, "과거"),
    ],
)
async def test_refused_booking_is_an_api_error(
    server: FakePortOne, client: PortOneClient, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ApiError, match=message):
        await create(client, **options)

    assert len(sent(server)) == 1
    assert len(server.schedules) == 0


async def test_unknown_key_is_not_found(server: FakePortOne, client: PortOneClient) -> None:
    server.billing_keys.remove("key-1")

    with pytest.raises(BillingKeyNotFoundError):
        await create(client)


async def test_partly_refused_booking_names_what_is_booked(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.schedules.books_good_items = True

    with pytest.raises(PartlyBookedError) as caught:
        await create(client, item(), item("SUB-2", schedule_at=PAST))

    assert [schedule.merchant_uid for schedule in caught.value.booked] == ["SUB-1"]
    assert caught.value.missing == ("SUB-2",)
    assert isinstance(caught.value.__cause__, ApiError)
    assert sent(server) == [["SUB-1", "SUB-2"], ["SUB-2"]]


async def test_partly_refused_booking_with_a_card_is_not_sent_again(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.schedules.books_good_items = True

    with pytest.raises(PartlyBookedError):
        await create(client, item(), item("SUB-2", schedule_at=PAST), **CARD)

    assert len(sent(server)) == 1


async def test_refusal_without_a_look_up_stays_a_refusal(
    server: FakePortOne, client: PortOneClient
) -> None:
    refusal = SAMPLES["schedule_duplicate_code1"].body

    class RefusesAndFails:
        async def meet(self, exchange: Exchange) -> Reply | None:
            fault = Json(refusal) if exchange.request.method == "POST" else HtmlPage(200)
            return await fault.meet(exchange)

    server.fail(RefusesAndFails(), on=SCHEDULES, times=None)

    with pytest.raises(ApiError) as caught:
        await create(client)

    assert caught.value.code == 1


async def test_refusal_after_a_lost_answer_is_unknown_without_a_look_up(
    server: FakePortOne, client: PortOneClient
) -> None:
    class LosesThenRefuses:
        looks = 0

        async def meet(self, exchange: Exchange) -> Reply | None:
            if exchange.request.method == "GET":
                self.looks += 1
                return exchange.reply() if self.looks == 1 else await HtmlPage(200).meet(exchange)
            if not self.looks:
                exchange.reset()
                return None
            exchange.reply()
            return exchange.reply()  # The duplicate is refused.

    server.fail(LosesThenRefuses(), on=SCHEDULES, times=None)

    with pytest.raises(OutcomeUnknownError):
        await create(client)

    assert "SUB-1" in server.schedules


# Arguments


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"schedules": []}, "at least one"),
        ({"schedules": [item(), item()]}, "same merchant_uid"),
        ({"schedules": [item("x" * 41)]}, "41 characters"),
        ({"schedules": [item("a/b")]}, "slash"),
        ({"schedules": [item("..")]}, "merchant_uid"),
        ({"schedules": [item(amount=1.5)]}, "amount"),
        ({"schedules": [item(amount=-1)]}, "amount"),
        ({"schedules": [item(amount=0)]}, "'SUB-1': amount must be more than 0"),
        ({"schedules": [item(), item("SUB-2", amount="9.9")]}, "'SUB-2': .* KRW has none"),
        ({"schedules": [item(amount="9.999", currency="USD")]}, "USD has 2"),
        ({"schedules": [item(tax_free=9000, vat_amount=901)]}, "9901 is more than 9900"),
        ({"schedules": [item(tax_free="much")]}, "tax_free"),
        ({"schedules": [item(schedule_at=datetime(2026, 3, 2))]}, "time zone"),  # noqa: DTZ001 (the case under test)
        ({"schedules": [{"merchant_uid": "a", "amount": 1}]}, "schedule_at"),
        (
            {"schedules": [{"merchant_uid": "a", "schedule_at": 1796696450823, "amount": 1}]},
            "'a': schedule_at must be .* not milliseconds",
        ),
        ({"schedules": [{"schedule_at": TOMORROW, "amount": 1}]}, "merchant_uid"),
        ({"schedules": [item(custom_data=1.5)]}, "float"),
        ({"checking_amount": "9.5"}, "whole"),
        ({"extra_body": {"schedules": []}}, "repeats"),
        ({"settle": None}, "settle"),
    ],
)
async def test_booking_that_can_never_be_right_is_not_sent(
    server: FakePortOne, client: PortOneClient, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidRequestError, match=message):
        await create(client, **options)

    assert not server.requests


def test_item_prints_no_personal_data() -> None:
    text = repr(item(buyer_name="홍길동", custom_data="비밀"))

    assert "SUB-1" in text
    assert "홍길동" not in text
    assert "비밀" not in text
    assert Schedule(merchant_uid="a") != Schedule(merchant_uid="b")
