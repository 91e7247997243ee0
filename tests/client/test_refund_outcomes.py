"""Outcomes of refunds: refusals, lost answers, pending ones, promotions, several at once."""

from __future__ import annotations

import asyncio
from decimal import Decimal
from typing import Any

import pytest

from portone_async import (
    CancelPendingError,
    CancelRefusedError,
    ClientClosedError,
    InvalidRequestError,
    OutcomeUnknownError,
    Payment,
    PortOneClient,
    RateLimitedError,
    ServerError,
    UnauthorizedError,
    WrongLoopError,
)
from portone_async.testing import (
    CutBody,
    Delay,
    Duplicate,
    Exchange,
    ExpiredToken,
    FakePortOne,
    Hang,
    HtmlPage,
    Json,
    LateProcessing,
    LostAnswer,
    Reply,
    Reset,
    Status,
    TooManyRequests,
    Unauthorized,
)
from tests.support.refunds import URL, RefundBefore, book, history, sent
from tests.support.sample_bodies import SAMPLES

pytestmark = pytest.mark.usefixtures("no_pauses")


@pytest.fixture(name="payment")
def _payment(server: FakePortOne) -> Payment:
    return server.add(imp_uid="imp_1", amount=15000)


# Refusals


@pytest.mark.usefixtures("payment")
async def test_refund_of_another_in_between_is_not_exceeded(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(RefundBefore(), on=URL)
    with pytest.raises(CancelRefusedError, match="no longer the balance") as caught:
        await client.payments.cancel("imp_1", amount=1000, reason="r")

    assert caught.value.code == -1
    assert "취소 가능한 금액이" in str(caught.value.message)
    assert history(server) == [(Decimal(1000), "another")]
    assert len(sent(server)) == 1


@pytest.mark.usefixtures("payment")
async def test_refund_overtaken_after_a_lost_answer_is_refused(
    server: FakePortOne, client: PortOneClient
) -> None:
    class LostThenAnother:
        async def meet(self, exchange: Exchange) -> Reply:
            book(exchange, 500, "another")
            return await Status(503).meet(exchange)

    server.fail(LostThenAnother(), on=URL)
    with pytest.raises(CancelRefusedError, match="no longer the balance") as caught:
        await client.payments.cancel("imp_1", amount=1000, reason="r")

    assert caught.value.code is None
    assert len(sent(server)) == 1


@pytest.mark.usefixtures("payment")
async def test_refund_of_another_after_a_lost_one_keeps_the_success(
    server: FakePortOne, client: PortOneClient
) -> None:
    class LostBeforeAnother:
        async def meet(self, exchange: Exchange) -> None:
            exchange.reply()
            book(exchange, 500, "another")
            await Reset().meet(exchange)

    server.fail(LostBeforeAnother(), on=URL)
    payment = await client.payments.cancel("imp_1", amount=1000, reason="r")
    assert payment.cancel_amount == 1500
    assert len(sent(server)) == 1


@pytest.mark.parametrize(("code", "status"), [(1, 200), (-1, 200), (-1, 400), (-1, 404)])
@pytest.mark.usefixtures("payment")
async def test_refusal_has_code_and_message_of_portone(
    server: FakePortOne, client: PortOneClient, code: int, status: int
) -> None:
    refusal = {"code": code, "message": "취소할 결제건이 존재하지 않습니다.", "response": None}
    server.fail(Json(refusal, status), on=URL)
    with pytest.raises(CancelRefusedError, match="unchanged") as caught:
        await client.payments.cancel("imp_1", amount=1000, reason="r")

    error = caught.value
    assert (error.code, error.message, error.status) == (code, refusal["message"], status)
    assert error.endpoint == "POST /payments/cancel"
    assert error.identifiers == {"imp_uid": "imp_1"}
    assert not error.is_transient
    methods = [request.method for request in server.requests[-3:]]
    assert methods == ["GET", "POST", "GET"]


@pytest.mark.usefixtures("payment")
async def test_refusal_of_the_second_delivery_is_a_success(
    server: FakePortOne, client: PortOneClient
) -> None:
    class SecondAnswer:
        """Delivers the request twice, and returns the second answer."""

        async def meet(self, exchange: Exchange) -> Reply:
            exchange.reply()
            return exchange.reply()

    server.fail(SecondAnswer(), on=URL)
    payment = await client.payments.cancel_all("imp_1", reason="r")
    assert payment.balance == 0
    assert len(history(server)) == 1


@pytest.mark.usefixtures("payment")
async def test_duplicate_delivery_refunds_once(server: FakePortOne, client: PortOneClient) -> None:
    server.fail(Duplicate(), on=URL)
    payment = await client.payments.cancel("imp_1", amount=1000, reason="r")
    assert payment.cancel_amount == 1000
    assert len(history(server)) == 1


@pytest.mark.usefixtures("payment")
async def test_refund_that_the_pg_has_made_already_needs_a_person(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Json(SAMPLES["cancel_pg_already_cancelled_minus1"].body), on=URL)
    with pytest.raises(CancelRefusedError) as caught:
        await client.payments.cancel("imp_1", amount=1000, reason="r")

    assert "기취소성공" in str(caught.value)
    assert "a person must compare" in str(caught.value)


@pytest.mark.usefixtures("payment")
async def test_refusal_with_failing_look_ups_is_still_a_refusal(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Json({"code": -1, "message": "거절", "response": None}), on=URL)
    server.fail(Delay(0), method="GET")
    server.fail(Status(503), times=None, method="GET")
    with pytest.raises(CancelRefusedError, match="look-ups after it failed") as caught:
        await client.payments.cancel("imp_1", amount=1000, reason="r", settle=0)
    assert caught.value.code == -1


# Open outcomes


@pytest.mark.parametrize(
    "fault", [LostAnswer(), CutBody(), LateProcessing(0), LateProcessing(0, HtmlPage())]
)
@pytest.mark.usefixtures("payment")
async def test_refund_whose_answer_is_lost_is_found_by_look_up(
    server: FakePortOne, client: PortOneClient, fault: Any
) -> None:
    server.fail(fault, on=URL)
    payment = await client.payments.cancel("imp_1", amount=1000, reason="r")

    assert payment.cancel_amount == 1000
    assert len(sent(server)) == 1


@pytest.mark.parametrize("fault", [Status(503), Status(502), HtmlPage(), HtmlPage(500), Reset()])
@pytest.mark.usefixtures("payment")
async def test_refund_without_a_trace_is_sent_again_unchanged(
    server: FakePortOne, client: PortOneClient, fault: Any
) -> None:
    server.fail(fault, on=URL)
    payment = await client.payments.cancel("imp_1", amount=1000, reason="r")

    assert payment.cancel_amount == 1000
    first, second = sent(server)
    assert first == second
    methods = [request.method for request in server.requests[-4:]]
    assert methods == ["POST", "GET", "GET", "POST"]


@pytest.mark.usefixtures("payment")
async def test_lost_answer_and_failed_look_ups_leave_the_outcome_unknown(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(LostAnswer(), on=URL)
    server.fail(Delay(0), method="GET")
    server.fail(Status(503), times=None, method="GET")
    with pytest.raises(OutcomeUnknownError) as caught:
        await client.payments.cancel("imp_1", amount=1000, reason="r", key="R-1", settle=0)

    error = caught.value
    assert not error.is_transient
    assert error.endpoint == "POST /payments/cancel"
    assert [line.split(" s ")[1].split(":")[0] for line in error.evidence] == [
        "sent",
        "look-up failed",
    ]
    assert "Repeat it only with the same key or checksum=15000" in str(error)
    assert (error.checksum, error.key) == (Decimal(15000), "R-1")
    assert len(sent(server)) == 1


@pytest.mark.usefixtures("payment")
async def test_without_time_nothing_is_sent_again(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Status(503), on=URL)
    with pytest.raises(CancelRefusedError, match="found no trace") as caught:
        await client.payments.cancel("imp_1", amount=1000, reason="r", settle=0)

    assert caught.value.code is None
    assert "Repeat it only with checksum=15000" in str(caught.value)
    assert (caught.value.checksum, caught.value.key) == (Decimal(15000), None)
    assert len(sent(server)) == 1


@pytest.mark.usefixtures("payment")
async def test_late_request_and_its_repetition_refund_once(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(LateProcessing(60), on=URL)
    payment = await client.payments.cancel("imp_1", amount=1000, reason="r")
    assert payment.cancel_amount == 1000
    assert len(sent(server)) == 2

    server.advance(61)
    assert (await client.payments.get("imp_1")).cancel_amount == 1000


@pytest.mark.usefixtures("payment")
async def test_repetition_with_the_old_checksum_after_a_late_one_sends_nothing(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(LateProcessing(60), on=URL)
    with pytest.raises(CancelRefusedError):
        await client.payments.cancel("imp_1", amount=1000, reason="r", settle=0)
    server.advance(61)

    with pytest.raises(InvalidRequestError, match="checksum"):
        await client.payments.cancel("imp_1", amount=1000, reason="r", checksum=15000)
    assert len(sent(server)) == 1


@pytest.mark.usefixtures("payment")
async def test_repetition_that_is_refused_after_a_late_one_is_a_success(
    server: FakePortOne, client: PortOneClient
) -> None:
    class ProcessTheLateOne:
        """Processes an earlier request first."""

        async def meet(self, exchange: Exchange) -> Reply:
            server.advance(61)
            return exchange.reply()

    server.fail(LateProcessing(60), ProcessTheLateOne(), on=URL)
    payment = await client.payments.cancel("imp_1", amount=1000, reason="r")
    assert payment.cancel_amount == 1000
    assert len(sent(server)) == 2


@pytest.mark.usefixtures("payment")
async def test_rejected_token_is_renewed_and_the_refund_sent_once_more(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(ExpiredToken(), on=URL)
    payment = await client.payments.cancel("imp_1", amount=1000, reason="r")
    assert payment.cancel_amount == 1000
    assert [request.status for request in server.requests if request.path == URL] == [401, 200]


@pytest.mark.usefixtures("payment")
async def test_rejected_token_after_a_renewal_was_not_processed(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Unauthorized(), times=2, on=URL)
    with pytest.raises(UnauthorizedError):
        await client.payments.cancel("imp_1", amount=1000, reason="r")
    assert server.requests[-1].path == URL


@pytest.mark.usefixtures("payment")
async def test_failing_token_leaves_no_outcome_open(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(ExpiredToken(), on=URL)
    server.fail(Status(503), times=None, on="/users/getToken")
    with pytest.raises(ServerError) as caught:
        await client.payments.cancel("imp_1", amount=1000, reason="r")
    assert caught.value.endpoint == "POST /users/getToken"


@pytest.mark.usefixtures("payment")
async def test_rate_limit_is_not_an_open_outcome(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(TooManyRequests(None), times=None, on=URL)
    with pytest.raises(RateLimitedError):
        await client.payments.cancel("imp_1", amount=1000, reason="r")
    assert history(server) == []


async def test_answer_about_another_payment_is_looked_up(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(imp_uid="imp_1", amount=15000)
    other = server.add(imp_uid="imp_2", amount=15000)
    body = server.payments.among([other.imp_uid], [])[0].body()
    server.fail(Json({"code": 0, "message": None, "response": body}), on=URL)
    payment = await client.payments.cancel("imp_1", amount=1000, reason="r")
    assert payment.imp_uid == "imp_1"
    assert len(sent(server)) == 2


# Pending refunds


@pytest.mark.parametrize(
    "fields", [{"pg_provider": "paypal_v2"}, {"pg_provider": "smartro_v2", "pay_method": "vbank"}]
)
async def test_pending_refund_is_not_a_success_and_not_repeated(
    server: FakePortOne, client: PortOneClient, fields: dict[str, str]
) -> None:
    server.add(imp_uid="imp_1", **fields)
    with pytest.raises(CancelPendingError) as caught:
        await client.payments.cancel_all(
            "imp_1",
            reason="r",
            refund_holder="h",
            refund_bank="04",
            refund_account="1",
            refund_tel="2",
        )

    error = caught.value
    assert error.payment.cancel_amount == 0
    assert not error.is_transient
    assert len(sent(server)) == 1
    assert server.requests[-1].method == "GET"


async def test_pending_refund_whose_answer_was_lost_is_unknown_and_sent_once(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(imp_uid="imp_1", amount=1000, pg_provider="paypal_v2")
    server.fail(LostAnswer(), on=URL)
    with pytest.raises(OutcomeUnknownError, match="no look-up finds a refund by this PG") as caught:
        await client.payments.cancel("imp_1", amount=300, reason="r", key="R-1", settle=0)

    assert caught.value.advice == OutcomeUnknownError.advice
    assert len(sent(server)) == 1
    server.advance(server.refunds.pending_seconds)
    assert (await client.payments.get("imp_1")).cancel_amount == 300


# Promotions


@pytest.mark.parametrize(("unit", "amount"), [("order", 20000), ("approved", 18000)])
async def test_promoted_payment_is_refunded_by_the_checksum_of_the_caller(
    server: FakePortOne, client: PortOneClient, unit: Any, amount: int
) -> None:
    server.refunds.promotion_unit = unit
    server.add(imp_uid="imp_1", amount=amount, promotion={"id": "p", "discount": 2000})
    server.fail(LostAnswer(), on=URL)
    payment = await client.payments.cancel("imp_1", amount=10000, checksum=20000, reason="r")
    assert len(payment.cancel_history) == 1

    payment = await client.payments.cancel_all("imp_1", checksum=10000, reason="r")
    assert payment.balance == 0
    assert [each["checksum"] for each in sent(server)] == [20000, 10000]


async def test_amount_above_the_checksum_of_a_promoted_payment_is_not_sent(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(imp_uid="imp_1", amount=20000, promotion={"id": "p", "discount": 2000})
    with pytest.raises(InvalidRequestError, match="more than the balance, 10000"):
        await client.payments.cancel("imp_1", amount=10001, checksum=10000, reason="r")
    assert not sent(server)


async def test_unreadable_promotion_needs_a_checksum(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(imp_uid="imp_1")
    body = server.payments.among(["imp_1"], [])[0].body() | {"promotion": "odd"}
    server.fail(Json({"code": 0, "message": None, "response": body}), method="GET")
    with pytest.raises(InvalidRequestError, match="promotion"):
        await client.payments.cancel("imp_1", amount=500, reason="r")
    assert not sent(server)


async def test_promotion_can_be_retained(server: FakePortOne, client: PortOneClient) -> None:
    server.refunds.promotion_minimums["p"] = Decimal(10000)
    server.add(imp_uid="imp_1", amount=10000, promotion={"id": "p", "discount": 1000})
    with pytest.raises(CancelRefusedError):
        await client.payments.cancel("imp_1", amount=500, checksum=10000, reason="r")
    payment = await client.payments.cancel(
        "imp_1", amount=500, checksum=10000, reason="r", retain_promotion=True
    )
    assert payment.cancel_amount == 500


# Several refunds at once


@pytest.mark.usefixtures("payment")
async def test_refunds_of_one_payment_never_overlap(
    server: FakePortOne, client: PortOneClient
) -> None:
    views = [client, client.with_options(tier=None), client]
    refunds = (view.payments.cancel("imp_1", amount=1000, reason="r") for view in views)
    payments = await asyncio.gather(*refunds)

    assert sorted(int(each.cancel_amount) for each in payments) == [1000, 2000, 3000]
    methods = [r.method for r in server.requests if r.path != "/users/getToken"]
    assert methods == ["GET", "POST"] * 3


async def test_refunds_of_other_payments_do_not_wait(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(imp_uid="imp_1", amount=15000)
    server.add(imp_uid="imp_2", amount=15000)
    server.fail(Hang(), on=URL)
    hanging = asyncio.create_task(client.payments.cancel("imp_1", amount=1000, reason="r"))
    while not sent(server):
        await asyncio.sleep(0)
    payment = await client.payments.cancel("imp_2", amount=1000, reason="r")
    assert payment.cancel_amount == 1000

    hanging.cancel()
    with pytest.raises(asyncio.CancelledError):
        await hanging


@pytest.mark.usefixtures("payment")
async def test_cancelled_refund_lets_the_next_one_go_on(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Hang(), on=URL)
    first = asyncio.create_task(client.payments.cancel("imp_1", amount=1000, reason="r"))
    while not sent(server):
        await asyncio.sleep(0)
    waiting = asyncio.create_task(client.payments.cancel("imp_1", amount=2000, reason="r"))
    next_one = asyncio.create_task(client.payments.cancel("imp_1", amount=3000, reason="r"))
    await asyncio.sleep(0)
    waiting.cancel()
    first.cancel()
    assert (await next_one).cancel_amount == 3000
    assert [each["amount"] for each in sent(server)] == [1000, 3000]


@pytest.mark.usefixtures("payment")
async def test_closed_client_ends_refunds_that_wait(server: FakePortOne) -> None:
    client = server.client(rate_limit=None)
    server.fail(Hang(), on=URL)
    first = asyncio.create_task(client.payments.cancel("imp_1", amount=1000, reason="r"))
    while not sent(server):
        await asyncio.sleep(0)
    waiting = asyncio.create_task(client.payments.cancel("imp_1", amount=2000, reason="r"))
    await asyncio.sleep(0)
    await client.close()

    with pytest.raises(ClientClosedError):
        await waiting
    with pytest.raises(OutcomeUnknownError, match="ClientClosedError"):
        await first
    assert len(sent(server)) == 1


@pytest.mark.usefixtures("payment")
async def test_closed_client_refunds_nothing(server: FakePortOne) -> None:
    client = server.client()
    await client.close()
    with pytest.raises(ClientClosedError):
        await client.payments.cancel("imp_1", amount=1000, reason="r")
    assert not server.requests


@pytest.mark.usefixtures("payment")
async def test_client_of_another_loop_refunds_nothing(
    server: FakePortOne, client: PortOneClient
) -> None:
    await client.payments.get("imp_1")

    def refund_in_another_loop() -> None:
        with pytest.raises(WrongLoopError):
            asyncio.run(client.payments.cancel("imp_1", amount=1000, reason="r"))

    await asyncio.to_thread(refund_in_another_loop)
    assert not sent(server)
