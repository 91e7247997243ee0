"""A refund with a lost answer is looked up until a deadline, in virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest

from portone_async import (
    ApiError,
    Cancellation,
    CancelPendingError,
    CancelRefusedError,
    ClientClosedError,
    ConnectionFailedError,
    OutcomeUnknownError,
    Payment,
    PaymentStatus,
    RequestTimeoutError,
    ServerError,
)
from portone_async.resources.payments._refund_decision import Refund
from portone_async.resources.payments._refund_engine import carry_out
from tests.support.virtual_time import virtual_time

LOST = RequestTimeoutError("no answer in time")
REFUSED = ApiError("200, code -1: refused", status=200, code=-1, message="refused")
BEFORE = Payment(
    imp_uid="imp_1", merchant_uid="o", status=PaymentStatus.PAID, amount=Decimal(15000)
)
MADE = Payment(
    imp_uid="imp_1",
    merchant_uid="o",
    status=PaymentStatus.CANCELLED,
    amount=Decimal(15000),
    cancel_amount=Decimal(1000),
    cancel_history=(Cancellation(amount=Decimal(1000), reason="r"),),
)


class PortOne:
    """Answers refunds and look-ups at once, and records when they came."""

    def __init__(
        self,
        answer: Callable[[int], Payment | Exception],
        look: Callable[[float], Payment | Exception] = lambda _: BEFORE,
    ) -> None:
        self._answer = answer
        self._look = look
        self._started_at = asyncio.get_running_loop().time()
        self.sends: list[int] = []
        self.looks: list[int] = []
        """Whole seconds since the start."""

    async def call(self, call: Any) -> Any:
        now = asyncio.get_running_loop().time() - self._started_at
        if call.method == "POST":
            self.sends.append(round(now))
            outcome = self._answer(len(self.sends))
        else:
            self.looks.append(round(now))
            outcome = self._look(now)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def exclusive(self, name: str) -> Any:
        raise NotImplementedError(name)


async def refund(portone: PortOne, *, seconds: float = 90) -> Payment:
    wanted = Refund(
        before=BEFORE, amount=Decimal(1000), checksum=Decimal(15000), reason="r", key=None
    )
    return await carry_out(portone, wanted, {}, seconds=seconds)


@virtual_time
async def test_refund_without_a_trace_is_sent_four_times_and_then_looked_up() -> None:
    portone = PortOne(lambda _: LOST)
    with pytest.raises(CancelRefusedError, match=r"sent 4 time\(s\).* 13 look-up") as caught:
        await refund(portone)

    # Two look-ups precede each repetition, and the request before it is 5 seconds old.
    assert portone.sends == [0, 7, 15, 30]
    assert portone.looks == [0, 1, 3, 7, 7, 15, 15, 30, 30, 45, 60, 75, 90]
    assert round(caught.value.elapsed) == 90


@virtual_time
async def test_refund_with_little_time_is_sent_again_earlier() -> None:
    portone = PortOne(lambda number: LOST if number == 1 else MADE)

    assert await refund(portone, seconds=4) is MADE
    assert (portone.sends, portone.looks) == ([0, 1], [0, 1])


@virtual_time
async def test_settle_of_zero_looks_once() -> None:
    portone = PortOne(lambda _: LOST)
    with pytest.raises(CancelRefusedError):
        await refund(portone, seconds=0)
    assert (portone.sends, portone.looks) == ([0], [0])


@virtual_time
async def test_refund_that_appears_late_is_returned() -> None:
    portone = PortOne(lambda _: LOST, lambda now: MADE if now > 50 else BEFORE)
    assert await refund(portone) is MADE
    assert portone.looks[-1] == 60


@virtual_time
async def test_failed_look_ups_are_repeated_and_nothing_is_sent_meanwhile() -> None:
    portone = PortOne(lambda _: LOST, lambda now: MADE if now > 50 else ServerError("503"))
    assert await refund(portone) is MADE
    assert portone.sends == [0]


@virtual_time
async def test_only_the_last_look_up_decides_that_the_outcome_is_unknown() -> None:
    portone = PortOne(lambda _: LOST, lambda now: LOST if now > 80 else BEFORE)
    with pytest.raises(OutcomeUnknownError) as caught:
        await refund(portone)
    assert len(caught.value.evidence) == len(portone.sends) + len(portone.looks)

    portone = PortOne(lambda _: LOST, lambda now: LOST if now < 80 else BEFORE)
    with pytest.raises(CancelRefusedError):
        await refund(portone)
    assert portone.sends == [0]


@virtual_time
async def test_refusal_after_a_lost_answer_is_looked_up_to_the_end() -> None:
    portone = PortOne(lambda number: LOST if number == 1 else REFUSED)
    with pytest.raises(CancelRefusedError) as caught:
        await refund(portone)
    assert (caught.value.code, caught.value.message) == (-1, "refused")
    assert "Repeat it only with checksum=15000" in caught.value.advice
    assert portone.sends == [0, 7]
    assert portone.looks[-1] == 90


@virtual_time
async def test_refusal_after_a_lost_answer_may_turn_out_a_success() -> None:
    portone = PortOne(
        lambda number: LOST if number == 1 else REFUSED, lambda now: MADE if now > 20 else BEFORE
    )
    assert await refund(portone) is MADE


@virtual_time
async def test_refusal_alone_ends_after_one_look_up() -> None:
    portone = PortOne(lambda _: REFUSED)
    with pytest.raises(CancelRefusedError):
        await refund(portone)
    assert portone.looks == [0]


@virtual_time
async def test_accepted_refund_with_failing_look_ups_ends_pending() -> None:
    portone = PortOne(lambda _: BEFORE, lambda _: LOST)
    with pytest.raises(CancelPendingError):
        await refund(portone)
    assert portone.sends == [0]
    assert portone.looks[-1] == 90


@virtual_time
async def test_accepted_refund_that_appears_later_is_returned() -> None:
    portone = PortOne(lambda _: BEFORE, lambda now: MADE if now > 5 else LOST)
    assert await refund(portone) is MADE


@virtual_time
async def test_repetition_that_never_left_is_tried_again_later() -> None:
    unsent = ConnectionFailedError("refused")
    unsent.was_sent = False
    answers: list[Payment | Exception] = [LOST, unsent, unsent, MADE]
    portone = PortOne(lambda number: answers[number - 1])
    assert await refund(portone) is MADE
    assert portone.sends == [0, 7, 15, 30]


@virtual_time
async def test_first_request_that_never_left_raises_its_error() -> None:
    unsent = ConnectionFailedError("refused")
    unsent.was_sent = False
    portone = PortOne(lambda _: unsent)
    with pytest.raises(ConnectionFailedError):
        await refund(portone)
    assert portone.looks == []


@virtual_time
async def test_closed_client_ends_the_look_ups_at_once() -> None:
    portone = PortOne(lambda _: LOST, lambda _: ClientClosedError("closed"))
    with pytest.raises(OutcomeUnknownError):
        await refund(portone)
    assert portone.looks == [0]


@virtual_time
async def test_exception_of_a_throttle_counts_as_a_failed_look_up() -> None:
    portone = PortOne(lambda _: LOST, lambda now: MADE if now > 5 else KeyError("no permit"))
    assert await refund(portone) is MADE


@virtual_time
async def test_exception_of_a_throttle_before_the_first_request_is_raised() -> None:
    portone = PortOne(lambda _: KeyError("no permit"))
    with pytest.raises(KeyError):
        await refund(portone)
    assert portone.looks == []


@pytest.mark.parametrize("awaits", range(12))
@virtual_time
async def test_cancelled_refund_ends_at_once(awaits: int) -> None:
    portone = PortOne(lambda _: LOST)
    task = asyncio.create_task(refund(portone))
    await asyncio.sleep(awaits * 8)
    sends, looks = len(portone.sends), len(portone.looks)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert (len(portone.sends), len(portone.looks)) == (sends, looks)
