"""Confirm that orders differ: read their payments once more, the largest difference first."""

from __future__ import annotations

import asyncio
import re
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    Awaitable,
    Callable,
    Iterable,
    Sequence,
)
from itertools import chain
from typing import TypeVar

from portone_async.call import Caller
from portone_async.client import PortOneClient
from portone_async.errors import PortOneError, UnexpectedResponseError
from portone_async.resources._pages import Pages
from portone_async.resources._stream import Stream
from portone_async.resources.payments import FATAL_ERRORS
from portone_async.resources.payments._order import order_pages

from ._assumptions import Assumptions
from ._listed import page_type, snapshot
from ._look_up import (
    CONCURRENT_BATCHES,
    Answer,
    BatchLookUps,
    LookedUp,
    in_batches,
    not_checked,
)
from ._recorder import Recorder
from ._threads import in_thread
from .compare import compare
from .confirmation import Confirming
from .finding import Finding, PaymentSnapshot
from .store import PendingOrder

__all__ = ("CONCURRENT_CONFIRMATIONS", "Confirmations", "confirm_alone")

J = TypeVar("J")

CONCURRENT_CONFIRMATIONS = 32
_PAGE_SIZE = 100
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
        await self._confirming.announce(count, self._client)
        if self._confirming.confirm == "batch":
            batches = in_batches(self._orders())
            await self._record(batches, self._confirm_batch, CONCURRENT_BATCHES)
            return
        # A stream of a list begins its jobs at once; it needs a task for each job of an async iterator.
        async for page in self._pages():
            await self._record(page, self._confirm, CONCURRENT_CONFIRMATIONS)

    async def _record(
        self,
        jobs: Iterable[J] | AsyncIterable[J],
        confirm: Callable[[J], Awaitable[tuple[Sequence[Finding]]]],
        in_flight: int,
    ) -> None:
        try:
            async with Stream(jobs, confirm, in_flight=in_flight, is_ordered=False) as stream:
                while await self._record_next(stream):
                    pass
        finally:
            await self._recorder.record_rest()

    async def _record_next(self, stream: Stream[Sequence[Finding]]) -> bool:
        """Record the next findings, or those that are due; return false at the end."""
        bound = asyncio.timeout_at(self._recorder.due)
        try:
            async with bound:
                findings = await anext(stream, None)
        except TimeoutError:
            if not bound.expired():
                raise
            await self._recorder.record_rest()
            return True
        if findings is None:
            return False
        await self._recorder.record_soon(chain(findings, *stream.take_ready()))
        return True

    async def _pages(self) -> AsyncGenerator[list[PendingOrder], None]:
        """Yield pages of orders that are not confirmed, the largest difference first."""
        last = None
        orders = self._recorder.store.unconfirmed
        while page := await in_thread(orders.page, after=last):
            last = page[-1]
            yield [unconfirmed.pending for unconfirmed in page]

    async def _orders(self) -> AsyncGenerator[PendingOrder, None]:
        async for page in self._pages():
            for pending in page:
                yield pending

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


async def confirm_alone(client: Caller, pending: PendingOrder, assumptions: Assumptions) -> Finding:
    """Compare an order with all of its payments."""
    order = pending.order
    try:
        pages = order_pages(
            client,
            order.merchant_uid,
            page_size=_PAGE_SIZE,
            page_type=page_type(assumptions),
        )
        payments = [payment async for payment in Pages([pages])]
    except FATAL_ERRORS:
        raise
    except PortOneError as error:
        return not_checked(order, error)
    assumptions.check(payments)
    snapshots = [*map(snapshot, payments)]
    left_out = _left_out(pending, snapshots)
    if left_out is not None:
        return not_checked(order, left_out)
    return compare(order, snapshots)


def _is_trusted(looked_up: LookedUp) -> bool:
    """Whether an answer of a batch is enough for a finding."""
    if looked_up.answer is Answer.NONE:
        return _PLAIN_NUMBER.fullmatch(looked_up.order.merchant_uid) is not None
    return looked_up.answer in {Answer.LISTED, Answer.FAILED}


def _left_out(
    pending: PendingOrder, payments: Sequence[PaymentSnapshot]
) -> UnexpectedResponseError | None:
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
