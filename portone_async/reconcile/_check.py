"""Check the orders of a run: against the period, then in batches; then confirm the differences."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence

from portone_async.client import PortOneClient
from portone_async.errors import InvalidRequestError
from portone_async.resources._stream import Stream

from ._assumptions import Assumptions
from ._confirm import Confirmations
from ._difference import difference
from ._look_up import (
    CONCURRENT_BATCHES,
    Answer,
    BatchLookUps,
    LookedUp,
    in_batches,
    not_checked,
    order_bytes,
)
from ._recorder import Recorder
from ._threads import in_thread
from .compare import compare
from .confirmation import Confirming
from .finding import Finding, Verdict
from .store import PendingOrder

__all__ = ("OrderChecks",)


class OrderChecks:
    """Find the verdict on each order of a store.

    Args:
        recorder: The recorder of the run, with its store.
        client: The client that sends the requests.
        has_period: Whether the payments of a period are in the store.
        confirming: How differences are confirmed.
    """

    def __init__(
        self,
        recorder: Recorder,
        client: PortOneClient,
        *,
        has_period: bool,
        confirming: Confirming,
    ) -> None:
        self._recorder = recorder
        self._client = client
        self._has_period = has_period
        self._confirming = confirming
        self._unreadable: frozenset[str] = frozenset()

    async def run(self) -> None:
        """Check every order and record each finding as soon as it is known."""
        store = self._recorder.store
        self._unreadable = await in_thread(store.unreadable_order_numbers)
        if self._has_period:
            await self._recorder.match()
        assumptions = Assumptions(await in_thread(store.assumed_empty))
        batches = BatchLookUps(self._client, assumptions)
        await self._look_up(batches)
        await Confirmations(
            self._recorder, self._client, batches, assumptions, self._confirming
        ).run()

    async def _look_up(self, batches: BatchLookUps) -> None:
        """Look up the orders that the period does not match, in batches."""

        async def look_up(batch: Sequence[PendingOrder]) -> tuple[Sequence[LookedUp]]:
            return (await batches.look_up(batch),)

        async with Stream(
            in_batches(self._unmatched()), look_up, in_flight=CONCURRENT_BATCHES, is_ordered=False
        ) as stream:
            async for answers in stream:
                await self._record(answers)

    async def _record(self, answers: Sequence[LookedUp]) -> None:
        """Record the orders of a batch: matched, failed, or to be confirmed."""
        findings: list[Finding] = []
        unconfirmed: list[tuple[str, float]] = []
        for looked_up in answers:
            finding = _finding(looked_up)
            is_matched = finding.verdict is Verdict.MATCHED and looked_up.answer is Answer.LISTED
            if is_matched or looked_up.answer is Answer.FAILED:
                findings.append(finding)
            else:
                unconfirmed.append((finding.merchant_uid, difference(finding)))
        await self._recorder.record(findings)
        if unconfirmed:
            await in_thread(self._recorder.store.unconfirmed.add, unconfirmed)

    async def _unmatched(self) -> AsyncGenerator[PendingOrder, None]:
        """Record the findings that need no request, and yield the other orders."""
        after = 0
        while batch := await in_thread(self._recorder.store.pending_orders, after=after):
            after = batch[-1].position
            findings: list[Finding] = []
            for pending in batch:
                finding = self._without_request(pending)
                if finding is None:
                    yield pending
                else:
                    findings.append(finding)
            await self._recorder.record(findings)

    def _without_request(self, pending: PendingOrder) -> Finding | None:
        """Return the finding of an order that is matched already or can never be requested."""
        order = pending.order
        if self._has_period and order.merchant_uid not in self._unreadable:
            finding = compare(order, pending.payments)
            if finding.verdict is Verdict.MATCHED:
                return finding
        try:
            order_bytes(pending)
        except InvalidRequestError as error:
            return not_checked(order, error)
        return None


def _finding(looked_up: LookedUp) -> Finding:
    """Return the finding that an answer suggests."""
    if looked_up.answer in {Answer.UNREADABLE, Answer.REJECTED}:
        order = looked_up.order
        return Finding(merchant_uid=order.merchant_uid, verdict=Verdict.NOT_CHECKED, order=order)
    return looked_up.finding
