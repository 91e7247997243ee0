"""Reconcile one partition of a run, and publish its results in a ledger."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from msgspec.structs import replace

from portone_async.client import PortOneClient
from portone_async.resources._windows import utc_now, windows

from ._load import Orders, digest_orders, load_orders
from ._recorder import Recorder
from ._shop import account_of
from ._threads import in_thread, opened_in_thread
from .compare import compare, is_charged
from .confirmation import Confirm, Confirming, validate_confirm
from .finding import Finding, Summary, Verdict
from .ledgers.protocol import Ledger
from .merged import merge
from .partition import MARGIN_REASON, Again, OrdersOf, Partition, validate_again
from .run import run_recorded
from .store import Store

__all__ = ("reconcile_partition",)

_NUMBERS_AT_ONCE = 500


async def reconcile_partition(
    client: PortOneClient,
    partition: Partition,
    orders: OrdersOf,
    ledger: Ledger,
    *,
    again: Again = False,
    confirm: Confirm = "single",
) -> Summary:
    """Reconcile a partition and publish its results, unless the ledger has them.

    The state of the partition is in a temporary folder of this machine until it is finished: a
    partition whose worker is killed starts again. It may run on two workers at once; the ledger
    has the results of one.

    The orders of a finished partition are not read, so that changed ones are not noticed, unless
    ``again`` is ``"changed"``.

    An order that could not be checked is a finding ``not_checked``, and the partition is finished
    nevertheless: run it ``again`` to check it once more.

    Args:
        client: The client that sends the requests. Use one per process: each has its own token
            and connections. Its Tier is replaced by the partition's.
        partition: The partition, one of the plan that the ledger's run has.
        orders: Returns the orders of a partition. It is called in a thread, once, or not at all if
            the ledger has the results; twice with ``again="changed"`` if they have changed. Its
            exceptions are passed on.
        ledger: The ledger that the results are published in.
        again: Reconcile the partition even if the ledger has its results, and replace them:
            always (``True``), or if its orders are not those that were reconciled (``"changed"``),
            which sends no request otherwise. Its payments in the ledger that PortOne's lists of the
            period do not have any more, such as one with a later refund, are requested.
        confirm: How an order that seems to differ is confirmed: see :func:`reconcile`.

    Returns:
        The totals of the partition alone: ``ledger.summary()`` has those of the run.

    Raises:
        InvalidRequestError: An unknown ``confirm`` or ``again``.
        AuthenticationError: PortOne rejected the API keys.
        UnauthorizedError: PortOne kept rejecting the token.
        UnexpectedResponseError: PortOne's lists contradict each other.
        PortOneError: The period could not be read.
        LedgerError: The ledger cannot be read or written, or has another plan, or payments of
            another API key.
        StoreError: The temporary folder cannot be written.
    """
    validated = validate_confirm(confirm)
    validate_again(again)
    account = await in_thread(account_of, client)
    await in_thread(ledger.check_account, account)
    published = None if again is True else await in_thread(ledger.summary_of, partition)
    if published is not None and (
        not again or await _has_published_orders(ledger, partition, orders)
    ):
        return published
    with tempfile.TemporaryDirectory(prefix="portone_async-") as folder:
        async with opened_in_thread(Store.open, Path(folder, "run.db")) as store:
            own = await in_thread(orders, partition)
            if partition.is_margin:
                summary = await _read_margin(own, store)
            else:
                known = ledger.payments_of(partition) if again else ()
                view = client.with_options(tier=partition.tier)
                summary = await run_recorded(
                    view,
                    own,
                    Recorder(store, None),
                    windows=windows(partition.since, partition.until, utc_now()),
                    statuses=partition.statuses,
                    confirming=Confirming(validated, None),
                    known=known,
                )
            findings = _margin_findings(store) if partition.is_margin else _findings(store)
            digest = await in_thread(_digest, store)
            await in_thread(
                ledger.publish,
                partition,
                summary,
                findings,
                digest=digest,
                account=None if partition.is_margin else account,
            )
            return summary


async def _has_published_orders(ledger: Ledger, partition: Partition, orders: OrdersOf) -> bool:
    """Return whether the orders of a partition are those that were reconciled."""
    published = await in_thread(ledger.digest_of, partition)
    return published == await digest_orders(await in_thread(orders, partition))


async def _read_margin(orders: Orders, store: Store) -> Summary:
    """Store the orders of a margin, without a request; return totals without findings."""
    await load_orders(Recorder(store, None), orders, (), (), None, may_sweep=asyncio.Event())
    await in_thread(store.mark_ended)
    totals = await in_thread(store.summary)
    return merge([replace(totals, counts={}, amounts={}, bridge={}, unreadable=0)])


def _digest(store: Store) -> str:
    identity = store.identity
    assert identity is not None  # The orders are loaded.
    return identity.digest


def _findings(store: Store) -> Iterator[Finding]:
    """Iterate over the findings of a run, and over payments that are not reported by themselves.

    - Payments that were fully cancelled: the order of one may be in another partition, which has
      read it as paid.
    - The payments of orders that could not be checked: they must be known when the partition runs
      again, even if PortOne's lists do not have them any more.
    """
    yield from store.findings()
    unchecked = (f.merchant_uid for f in store.findings(Verdict.NOT_CHECKED) if f.order is not None)
    while numbers := list(islice(unchecked, _NUMBERS_AT_ONCE)):
        for payment in store.payments_of(numbers):
            yield replace(compare(None, [payment]), verdict=Verdict.MATCHED)
    after = ""
    while page := store.payments_without_order(after=after):
        after = page[-1].imp_uid
        for payment in page:
            if is_charged(payment) and payment.sandbox is not True:
                yield compare(None, [payment])


def _margin_findings(store: Store) -> Iterator[Finding]:
    """Iterate over the orders of a margin as findings.

    Contradictory ones come first, with the reason, and rows that could not be read but have an
    order number: payments of that number are not orphans.
    """
    for finding in store.findings(Verdict.NOT_CHECKED):
        if finding.merchant_uid:
            yield finding
    after = 0
    while page := store.pending_orders(after=after):
        after = page[-1].position
        for pending in page:
            yield Finding(
                merchant_uid=pending.order.merchant_uid,
                verdict=Verdict.NOT_CHECKED,
                order=pending.order,
                error=MARGIN_REASON,
            )
