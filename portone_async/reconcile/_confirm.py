"""Confirm that orders differ: read their payments once more, the largest difference first."""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Sequence
from itertools import chain

from portone_async.client import PortOneClient
from portone_async.errors import PortOneError, UnexpectedResponseError
from portone_async.models import Payment
from portone_async.resources._stream import Stream
from portone_async.resources.payments import FATAL_ERRORS

from ._assumptions import Assumptions
from ._look_up import (
    CONCURRENT_BATCHES,
    Answer,
    BatchLookUps,
    LookedUp,
    in_batches,
    not_checked,
)
from ._recorder import Recorder, in_thread
from .compare import compare
from .confirmation import Confirming
from .finding import Finding, PaymentSnapshot
from .store import PendingOrder

__all__ = ("CONCURRENT_CONFIRMATIONS", "Confirmations", "confirm_alone")

CONCURRENT_CONFIRMATIONS = 32
# An order number that no server reads differently in a query. Others may be dropped or changed
# there: that none has a payment says nothing about them.
_PLAIN_NUMBER = re.compile(r"[A-Za-z0-9._-]{1,40}", re.ASCII)


class Confirmations:
    """The confirmations of a run.

    Args:
        recorder: The recorder of the run, with its store.
        client: The client that sends the requests.
        batches: The look-ups of batches.
        assumptions: The periods that are assumed to be empty.
        confirming: How orders are confirmed.
    """

    def __init__(
        self,
        recorder: Recorder,
        client: PortOneClient,
        batches: BatchLookUps,
        assumptions: Assumptions,
        confirming: Confirming,
    ) -> None:
        self._recorder = recorder
        self._client = client
        self._batches = batches
        self._assumptions = assumptions
        self._confirming = confirming

    async def run(self) -> None:
        """Announce the confirmations; then confirm each order and record its finding."""
        count = await in_thread(self._recorder.store.unconfirmed.count)
        self._confirming.announce(count, self._client)
        async with self._stream() as stream:
            async for findings in stream:
                ready = chain(findings, *stream.take_ready())
                await self._recorder.record(list(ready))

    def _stream(self) -> Stream[Sequence[Finding]]:
        if self._confirming.confirm == "batch":
            return Stream(
                in_batches(self._orders()),
                self._confirm_batch,
                in_flight=CONCURRENT_BATCHES,
                is_ordered=False,
            )
        return Stream(
            self._orders(),
            self._confirm,
            in_flight=CONCURRENT_CONFIRMATIONS,
            is_ordered=False,
        )

    async def _orders(self) -> AsyncGenerator[PendingOrder, None]:
        """Yield the orders that are not confirmed, the largest difference first."""
        last = None
        orders = self._recorder.store.unconfirmed
        while page := await in_thread(orders.page, after=last):
            last = page[-1]
            for unconfirmed in page:
                yield unconfirmed.pending

    async def _confirm_batch(self, batch: Sequence[PendingOrder]) -> tuple[Sequence[Finding]]:
        """Compare orders with the payments that batch look-ups list for them.

        Returns:
            One result: ``Stream`` expects a sequence of results from each job.
        """
        answers = await self._batches.look_up(batch)
        absent = _absent(answers)
        if 0 < len(absent) < len(batch):
            # Without the listed ones: PortOne reports whether it has any of the others.
            again = await self._batches.look_up(absent)
            answers = [each for each in answers if each.answer is not Answer.ABSENT] + again
        findings: list[Finding] = []
        for looked_up in answers:
            if _is_trusted(looked_up):
                findings.append(looked_up.finding)
            else:
                findings.append(await self._confirm_alone(looked_up.pending))
        return (findings,)

    async def _confirm(self, pending: PendingOrder) -> tuple[Sequence[Finding]]:
        return ([await self._confirm_alone(pending)],)

    async def _confirm_alone(self, pending: PendingOrder) -> Finding:
        return await confirm_alone(self._client, pending, self._assumptions)


async def confirm_alone(
    client: PortOneClient, pending: PendingOrder, assumptions: Assumptions
) -> Finding:
    """Compare an order with all of its payments."""
    order, find_all = pending.order, client.payments.find_all
    try:
        payments = [payment async for payment in find_all(order.merchant_uid)]
    except FATAL_ERRORS:
        raise
    except PortOneError as error:
        return not_checked(order, error)
    assumptions.check(payments)
    left_out = _left_out(pending, payments)
    if left_out is not None:
        return not_checked(order, left_out)
    return compare(order, [PaymentSnapshot.of(payment) for payment in payments])


def _is_trusted(looked_up: LookedUp) -> bool:
    """Whether an answer of a batch is enough for a finding."""
    if looked_up.answer is Answer.NONE:
        return _PLAIN_NUMBER.fullmatch(looked_up.order.merchant_uid) is not None
    return looked_up.answer in {Answer.LISTED, Answer.FAILED}


def _left_out(pending: PendingOrder, payments: Sequence[Payment]) -> UnexpectedResponseError | None:
    """Return an error if a payment of the period is not listed: neither list is complete then."""
    listed = {payment.imp_uid for payment in payments}
    for payment in pending.payments:
        if payment.imp_uid not in listed:
            return UnexpectedResponseError(
                f"PortOne lists {payment.imp_uid} in the period, but not among the payments of its "
                "order number"
            )
    return None


def _absent(answers: Sequence[LookedUp]) -> list[PendingOrder]:
    return [each.pending for each in answers if each.answer is Answer.ABSENT]
