"""Finish a run in partitions: look up the orders whose payments are in several of them."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from itertools import groupby, islice
from operator import itemgetter
from typing import TypeAlias

from msgspec.structs import replace

from portone_async.client import PortOneClient
from portone_async.errors import Attempt
from portone_async.instrumentation import AttemptCallback
from portone_async.resources._stream import Stream

from ._assumptions import Assumptions
from ._confirm import CONCURRENT_CONFIRMATIONS, confirm_alone
from ._shop import account_of
from ._threads import in_thread
from .finding import AssumedEmpty, Finding, Summary, Verdict
from .ledgers.protocol import Ledger, Unconfirmed
from .store import PendingOrder

__all__ = ("join_partitions",)

_PAGE = 1_000

Confirmed: TypeAlias = tuple[str | None, Finding]
"""A Tier, and the finding of an order in it."""


async def join_partitions(client: PortOneClient, ledger: Ledger) -> Summary:
    """Look up each order whose verdict does not consider a payment in another partition.

    Call it when all partitions are finished. Until then such orders are ``not_checked``
    (:meth:`Ledger.entries`). Each costs one request. They are rare: a second charge on the next
    day, for example, or an order that is paid between the runs of two partitions. It can be stopped
    and called again at any time, and is idempotent. Orders whose look-up failed are looked up
    again.

    Args:
        client: The client that sends the requests. Its Tier is replaced by that of each order.
        ledger: The ledger of the run.

    Returns:
        The totals of the run: ``ledger.summary()``.

    Raises:
        AuthenticationError: PortOne rejected the API keys.
        UnauthorizedError: PortOne kept rejecting the token.
        UnexpectedResponseError: PortOne's lists contradict each other.
        LedgerError: The ledger cannot be read or written, or has payments of another API key.
    """
    await in_thread(ledger.check_account, await in_thread(account_of, client))
    confirmations = _Confirmations(client, ledger)
    try:
        await confirmations.run()
    finally:
        await confirmations.record_usage()
    return await in_thread(ledger.summary)


class _Confirmations:
    """The look-ups of joined orders, and their usage."""

    def __init__(self, client: PortOneClient, ledger: Ledger) -> None:
        self._client = client.with_options(observers=(AttemptCallback(self._count),))
        self._ledger = ledger
        self._requests = 0
        self._retries = 0
        self._started_at = time.monotonic()
        self._assumptions: Mapping[str | None, Assumptions] = {}

    def _count(self, attempt: Attempt) -> None:
        self._requests += 1
        self._retries += attempt.number > 1

    async def run(self) -> None:
        """Look up every unconfirmed order, and record the findings."""
        self._assumptions = await in_thread(_assumptions, self._ledger)
        if self._assumptions:
            await in_thread(_check_assumptions, self._ledger, self._assumptions)
        async with Stream(
            self._orders(),
            self._confirm,
            in_flight=CONCURRENT_CONFIRMATIONS,
            is_ordered=False,
        ) as stream:
            async for confirmed in stream:
                await self._record([confirmed, *stream.take_ready()])

    async def _record(self, confirmed: Sequence[Confirmed]) -> None:
        by_tier = sorted(confirmed, key=lambda item: item[0] or "")
        for tier, group in groupby(by_tier, key=itemgetter(0)):
            findings = [finding for _, finding in group]
            await in_thread(self._ledger.record_confirmed, tier, findings)

    async def record_usage(self) -> None:
        """Add the requests and the time of these look-ups to the usage of the run."""
        if self._requests:
            await in_thread(
                self._ledger.record_confirmed,
                None,
                [],
                requests=self._requests,
                retries=self._retries,
                seconds=time.monotonic() - self._started_at,
            )

    async def _orders(self) -> AsyncGenerator[Unconfirmed, None]:
        orders = await in_thread(self._ledger.unconfirmed)
        while page := await in_thread(lambda: list(islice(orders, _PAGE))):
            for unconfirmed in page:
                yield unconfirmed

    async def _confirm(self, unconfirmed: Unconfirmed) -> Sequence[Confirmed]:
        pending = PendingOrder(0, unconfirmed.order, unconfirmed.payments)
        client = self._client.with_options(tier=unconfirmed.tier)
        assumptions = self._assumptions.get(unconfirmed.tier, Assumptions(()))
        finding = await confirm_alone(client, pending, assumptions)
        if finding.verdict is Verdict.NOT_CHECKED:
            # Its payments stay known even if their partitions lose them.
            finding = replace(finding, payments=unconfirmed.payments)
        return ((unconfirmed.tier, finding),)


def _assumptions(ledger: Ledger) -> dict[str | None, Assumptions]:
    """Return the periods that PortOne refused to list, of each Tier that has some."""
    if not ledger.summary().assumed_empty:
        return {}
    periods: dict[str | None, tuple[AssumedEmpty, ...]] = {}
    for partition in ledger.plan():
        summary = ledger.summary_of(partition)
        if summary is not None and summary.assumed_empty:
            periods[partition.tier] = periods.get(partition.tier, ()) + summary.assumed_empty
    return {tier: Assumptions(own) for tier, own in periods.items()}


def _check_assumptions(ledger: Ledger, assumptions: Mapping[str | None, Assumptions]) -> None:
    """End the run if a partition has a payment in a period that another one assumed to be empty.

    Raises:
        UnexpectedResponseError: It has one.
    """
    for entry in ledger.entries():
        if (own := assumptions.get(entry.tier)) is not None:
            own.check_snapshots(entry.finding.payments)
