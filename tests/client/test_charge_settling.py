"""An open outcome of a charge is settled by look-ups, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import pytest

from portone_async import (
    ApiError,
    Call,
    ChargedTwiceError,
    ChargeFailedError,
    ClientClosedError,
    ConnectionFailedError,
    OutcomeUnknownError,
    Payment,
    PortOneError,
    RateLimitedError,
    RequestTimeoutError,
    ServerError,
    UnauthorizedError,
    WrongLoopError,
)
from portone_async._core.exclusive import NamedLocks
from portone_async._http.reply import Reply, parse
from portone_async.resources.charges import Charges
from tests.support.samples import CARD_PAID, NOT_FOUND, body, ok
from tests.support.virtual_time import virtual_time

T = TypeVar("T")
ORDER: dict[str, Any] = {"merchant_uid": "order-1", "amount": 9900, "customer_uid": "key-1"}
PAID = CARD_PAID | ORDER
FAILED = PAID | {"status": "failed", "paid_at": 0, "failed_at": 1770000000}
READY = PAID | {"status": "ready", "paid_at": 0}
REFUSED = Reply(200, {}, body({"code": -1, "message": "거절", "response": None}))
MISSING = Reply(404, {}, body(NOT_FOUND))

Outcome = Reply | PortOneError
Lookup = Callable[[float], Outcome]


def listed(*payments: dict[str, Any]) -> Reply:
    numbered = [each | {"imp_uid": f"imps_{n}"} for n, each in enumerate(payments)]
    page: dict[str, Any] = {"total": len(numbered), "previous": 0, "next": 0, "list": numbered}
    return Reply(200, {}, ok(page))


class Shop:
    """A client whose charge takes a second, and whose look-ups depend on the time since then."""

    def __init__(self, charge: Outcome, look: Lookup, *, before: Outcome = MISSING) -> None:
        self._charge = charge
        self._look = look
        self._before = before
        self._locks = NamedLocks()
        self.charges: list[float] = []
        self.looks: list[float] = []
        """When it was looked up, from the outcome on; before the charge below 0."""

    async def call(self, call: Call[T], /) -> T:
        outcome = await self._outcome(call)
        if isinstance(outcome, Reply):
            answer = parse(call, outcome)
            if not isinstance(answer, PortOneError):
                return answer
            outcome = answer
        raise outcome.with_traceback(None)

    async def _outcome(self, call: Call[Any]) -> Outcome:
        loop = asyncio.get_running_loop()
        if call.method == "POST":
            await asyncio.sleep(1)
            self.charges.append(loop.time())
            return self._charge
        if not self.charges:
            self.looks.append(-1)
            return self._before
        elapsed = loop.time() - self.charges[0]
        self.looks.append(round(elapsed))
        return self._look(elapsed)

    @asynccontextmanager
    async def exclusive(self, name: str, /) -> AsyncGenerator[None]:
        async with self._locks.hold(name):
            yield


async def charge(shop: Shop, **options: Any) -> Payment:
    given: dict[str, Any] = {"merchant_uid": "order-1", "amount": 9900, "name": "구독"} | options
    return await Charges(shop).with_billing_key("key-1", **given)


async def error_of(shop: Shop, **options: Any) -> PortOneError:
    with pytest.raises(PortOneError) as caught:
        await charge(shop, **options)
    assert len(shop.charges) == 1
    return caught.value


LOST = RequestTimeoutError("no answer in time")


@virtual_time
async def test_payment_that_appears_later_is_returned() -> None:
    shop = Shop(LOST, lambda elapsed: listed(PAID) if elapsed > 50 else MISSING)

    payment = await charge(shop)

    assert payment.is_paid
    assert len(shop.charges) == 1
    assert shop.looks == [-1, 0, 1, 3, 7, 15, 30, 45, 60]


@virtual_time
async def test_failure_that_appears_later_ends_failed() -> None:
    shop = Shop(LOST, lambda elapsed: listed(FAILED) if elapsed > 20 else MISSING)

    error = await error_of(shop)

    assert isinstance(error, ChargeFailedError)
    assert shop.looks[-1] == 30


@virtual_time
async def test_ready_payment_is_looked_up_until_it_is_paid() -> None:
    shop = Shop(Reply(200, {}, ok(READY)), lambda elapsed: listed(PAID if elapsed > 5 else READY))

    assert (await charge(shop)).is_paid
    assert len(shop.charges) == 1


@virtual_time
async def test_two_paid_payments_that_appear_are_both_reported() -> None:
    shop = Shop(LOST, lambda _: listed(PAID, PAID))

    error = await error_of(shop)

    assert isinstance(error, ChargedTwiceError)
    assert len(error.payments) == 2


@virtual_time
async def test_charge_without_a_trace_is_unknown_after_the_given_time() -> None:
    shop = Shop(LOST, lambda _: MISSING)

    error = await error_of(shop)

    assert isinstance(error, OutcomeUnknownError)
    assert 75 <= shop.looks[-1] <= 90
    assert len(error.evidence) == len(shop.looks)
    assert not error.is_transient


@virtual_time
async def test_time_to_settle_can_be_chosen() -> None:
    shop = Shop(LOST, lambda _: MISSING)

    await error_of(shop, settle=0)

    assert shop.looks == [-1, 0]


@virtual_time
async def test_evidence_names_what_is_neither_paid_nor_failed() -> None:
    shop = Shop(LOST, lambda _: listed(READY, READY))

    error = await error_of(shop, settle=0)

    assert isinstance(error, OutcomeUnknownError)
    assert "imps_0 is ready, imps_1 is ready" in error.evidence[-1]


@virtual_time
async def test_failing_look_ups_are_repeated_until_one_is_answered() -> None:
    shop = Shop(
        ConnectionFailedError("reset"),
        lambda elapsed: listed(PAID) if elapsed > 10 else ServerError("down", status=503),
    )

    assert (await charge(shop)).is_paid
    assert len(shop.charges) == 1


@virtual_time
async def test_refusal_is_looked_up_until_one_look_up_is_answered() -> None:
    shop = Shop(
        REFUSED, lambda elapsed: listed(PAID) if elapsed > 10 else ServerError("down", status=503)
    )

    assert (await charge(shop)).is_paid
    assert len(shop.charges) == 1


@virtual_time
async def test_refusal_without_a_payment_ends_with_one_look_up() -> None:
    shop = Shop(REFUSED, lambda _: MISSING)

    error = await error_of(shop)

    assert isinstance(error, ApiError)
    assert error.message == "거절"
    assert shop.looks == [-1, 0]


@virtual_time
async def test_refusal_with_a_ready_payment_stays_a_refusal() -> None:
    shop = Shop(REFUSED, lambda _: listed(READY))

    assert (await error_of(shop)).status == 200
    assert shop.looks == [-1, 0]


@virtual_time
async def test_refusal_ends_with_the_first_look_up_that_is_answered() -> None:
    shop = Shop(
        REFUSED, lambda elapsed: MISSING if elapsed > 10 else ServerError("down", status=503)
    )

    assert (await error_of(shop)).status == 200
    assert shop.looks == [-1, 0, 0, 1, 3, 7, 15]


UNSENT = ConnectionFailedError("refused")
UNSENT.was_sent = False

LASTING = [
    UNSENT,
    RateLimitedError("429", status=429),
    ServerError("down", status=503),
    UnauthorizedError("rejected", status=401, code=-1),
    ClientClosedError("closed"),
    WrongLoopError("another loop"),
    Reply(200, {}, b"<html>"),
]


@pytest.mark.parametrize("failure", LASTING, ids=lambda failure: type(failure).__name__)
def test_refusal_stays_the_answer_if_no_look_up_is_answered(failure: Outcome) -> None:
    @virtual_time
    async def run() -> None:
        error = await error_of(Shop(REFUSED, lambda _: failure))
        assert isinstance(error, ApiError)
        assert error.message == "거절"

    run()


@pytest.mark.parametrize("failure", LASTING, ids=lambda failure: type(failure).__name__)
def test_lost_answer_is_unknown_if_no_look_up_is_answered(failure: Outcome) -> None:
    @virtual_time
    async def run() -> None:
        error = await error_of(Shop(LOST, lambda _: failure))
        assert isinstance(error, OutcomeUnknownError)

    run()


@virtual_time
async def test_two_deliveries_through_one_client_charge_once() -> None:
    shop = Shop(Reply(200, {}, ok(PAID)), lambda _: listed(PAID))

    first, second = await asyncio.gather(charge(shop), charge(shop))

    assert first.is_paid
    assert second.is_paid
    assert len(shop.charges) == 1


@virtual_time
async def test_second_delivery_waits_while_the_first_is_settled() -> None:
    shop = Shop(LOST, lambda elapsed: listed(PAID) if elapsed > 50 else MISSING)

    payments = await asyncio.gather(*(charge(shop) for _ in range(3)))

    assert all(payment.is_paid for payment in payments)
    assert len(shop.charges) == 1


@virtual_time
async def test_different_numbers_are_charged_at_the_same_time() -> None:
    shop = Shop(LOST, lambda _: MISSING)

    await asyncio.gather(
        *(charge(shop, merchant_uid=f"order-{n}", settle=0) for n in range(3)),
        return_exceptions=True,
    )

    assert shop.charges[0] == pytest.approx(shop.charges[2], abs=0.01)


@virtual_time
async def test_cancelled_charge_ends_at_once_and_lets_the_next_one_in() -> None:
    shop = Shop(LOST, lambda elapsed: listed(PAID) if elapsed > 5 else MISSING)
    first = asyncio.create_task(charge(shop))
    await asyncio.sleep(3)
    assert first.cancel()
    with pytest.raises(asyncio.CancelledError):
        await first
    await asyncio.sleep(5)

    # Its second delivery finds the payment.
    assert (await charge(shop)).is_paid
    assert len(shop.charges) == 1
