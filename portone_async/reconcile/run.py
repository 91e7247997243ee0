"""Reconcile the orders of a day, or any number of orders, with their payments.

With a period, all payments of it are read once, a thousand per request and up to eight requests at
once, and joined with the orders here. Only orders that this does not match are requested, a hundred
per request. An order that still differs is confirmed by one more look-up before it is reported: the
largest difference first, each order alone (:meth:`Payments.find_all`), unless the caller trusts the
look-up of a hundred.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from portone_async._tasks import cancel
from portone_async.client import PortOneClient
from portone_async.errors import InvalidRequestError, PortOneError
from portone_async.instrumentation import AttemptCallback
from portone_async.models import PaymentStatus
from portone_async.resources._windows import Window, utc_now, windows
from portone_async.resources.payments import FATAL_ERRORS
from portone_async.resources.payments._words import validate_statuses

from ._check import OrderChecks
from ._first_error import first_error
from ._load import Orders, load_orders
from ._recorder import Recorder
from ._shop import shop_of
from ._sweep import sweep
from ._threads import in_thread, opened_in_thread
from .compare import compare
from .confirmation import Confirm, ConfirmationPlan, Confirming, validate_confirm
from .finding import UNREAD_ORDER, Finding, PaymentSnapshot, Summary, Verdict
from .store import Store

__all__ = ("reconcile", "run_recorded")

_BATCH = 1_000


async def reconcile(
    client: PortOneClient,
    orders: Orders,
    *,
    since: datetime | None = None,
    until: datetime | None = None,
    statuses: Iterable[
        PaymentStatus | Literal["ready", "paid", "failed", "cancelled", "all"] | str
    ] = ("paid", "cancelled"),
    store: Store | None = None,
    fresh: bool = False,
    confirm: Confirm = "single",
    on_confirm: Callable[[ConfirmationPlan], object] | None = None,
    on_finding: Callable[[Finding], object] | None = None,
    on_matched: Callable[[int], object] | None = None,
) -> Summary:
    """Compare orders with their payments, both ways.

    Without a period every order is requested, a hundred per request, and payments that belong to
    no order cannot be found. With a period they are findings as well.

    Only differences are confirmed. An order that agrees with the payments of the period, or with
    those of a look-up of a hundred orders, is matched: a second payment that neither of them lists
    is not noticed.

    Args:
        client: The client that sends the requests.
        orders: The shop's orders, any number, in any sequence. Refunds that are listed apart may
            be among them. An :class:`UnreadableOrder` becomes a finding ``not_checked``, and so
            does an order with a negative amount.
        since: The first moment of the period that the orders belong to, with a time zone.
        until: The first moment after it. Both or neither.
        statuses: The statuses of the payments that are read for the period.
        store: The file that holds the state of the run, some 200 bytes per order. A run is
            identified by its orders (in any sequence), its period, its statuses and its shop (the
            API key and the Tier). The same run
            resumes where it was stopped; one that had ended returns its result again
            (:attr:`Summary.ended_at`), after it has checked what could not be checked. Any other
            run is refused. Without a store the state is in a temporary file that is deleted at
            the end.
        fresh: Delete the state in the store and start a new run.
        confirm: How an order that seems to differ is confirmed before it is reported. The
            largest difference is confirmed first, so that a stopped run has the largest ones.
            Currencies are compared in their smallest unit, a cent with a won; orders with equal
            differences are confirmed in the sequence of the input.

            - ``"single"``: all of its payments are read, a request for each order. 100,000
              differences take 33 minutes at 50 requests per second. An order is ``not_checked``
              if the period has a payment of it that is not among them.
            - ``"batch"``: the payments of a hundred orders are read per request. PortOne does
              not document that such a look-up lists all payments of an order number (``doctor``:
              ``batch-lists-all``), nor how soon a new payment is in it, which only a payment would
              show. So an order may be reported as different although a payment that was not listed
              would match it. An order is reported as ``missing`` only if PortOne answers that it
              has no payment of any order of the request (404), and its number consists of at most
              40 ASCII letters, digits and ``.``, ``_``, ``-``. Any other order without a listed
              payment is confirmed alone; so is one with a payment that cannot be read, or that the
              period has and the look-up does not list.

            It is not part of the run's identity: a run that is resumed with the other value
            confirms the remaining orders that way, and its earlier findings stay. To confirm all
            of them again, start afresh (``fresh``).
        on_confirm: Called once before the first confirmation, with the number of orders and the
            time that they take at least; not if there are none. The run waits for it, and for what
            an ``async`` function returns. An exception from it ends the run before these
            requests; the run can be resumed.
        on_finding: Called once with each finding, after it is recorded. A resumed run reports
            only what is new, and what could not be checked before: ``store.findings()`` has all.
            A process that is killed after it recorded findings and before it reported them never
            reports them: up to 10,000 matched orders or 1,000 others at once, or all rows that
            could not be read.
        on_matched: Called with the number of orders of a period that plainly match their only
            payment, up to 10,000 at once, after they are recorded. ``on_finding`` is not called
            for these orders then: with a million of them, that saves the building of a million
            findings.

    Returns:
        The totals of the whole run, its earlier parts included.

    Raises:
        InvalidRequestError: Half a period, an empty or reversed one, a time without a zone,
            a misspelt status, or an unknown ``confirm``.
        AuthenticationError: PortOne rejected the API keys. The run can be resumed.
        UnauthorizedError: PortOne kept rejecting the token. The run can be resumed.
        UnexpectedResponseError: PortOne's lists contradict each other. The run can be resumed.
        PortOneError: The period could not be read. The run can be resumed.
        StoreError: The store cannot be written, or is of another run.

    An order that could not be checked is a finding ``not_checked``, never ``missing``; when the
    run is started again it is checked again.
    """
    if (since is None) != (until is None):
        raise InvalidRequestError("a period needs both its ends: since and until")
    period = [] if since is None else windows(since, until, utc_now())
    run = partial(
        run_recorded,
        client,
        orders,
        windows=period,
        statuses=tuple(dict.fromkeys(validate_statuses(statuses))),
        confirming=Confirming(validate_confirm(confirm), on_confirm),
    )
    if store is not None:
        if fresh:
            await in_thread(store.clear)
        return await run(Recorder(store, on_finding, on_matched))
    with tempfile.TemporaryDirectory(prefix="portone_async-") as folder:
        async with opened_in_thread(Store.open, Path(folder, "run.db")) as temporary:
            return await run(Recorder(temporary, on_finding, on_matched))


async def run_recorded(
    client: PortOneClient,
    orders: Orders,
    recorder: Recorder,
    *,
    windows: Sequence[Window],
    statuses: Sequence[str],
    confirming: Confirming,
    known: Iterable[PaymentSnapshot] = (),
) -> Summary:
    """Compare orders with their payments, as :func:`reconcile` does, in the store of a recorder.

    Args:
        client: The client that sends the requests.
        orders: The orders.
        recorder: The recorder of the run, with its store.
        windows: The period.
        statuses: The statuses of the payments that are read.
        confirming: How differences are confirmed.
        known: Payments that an earlier run over the period found. Those that its lists do not have
            any more (a later refund changes the time by which PortOne lists a payment) are
            requested. It is iterated over in a thread.
    """
    counted = client.with_options(observers=(AttemptCallback(recorder.count),))
    failure: PortOneError | None = None
    try:
        may_sweep = asyncio.Event()
        shop = await in_thread(shop_of, client)
        load = load_orders(recorder, orders, windows, statuses, shop, may_sweep=may_sweep)
        if windows:
            read_period = partial(sweep, recorder, counted, statuses, windows)
            await _with_sweep(load, read_period, may_sweep)
        else:
            await load
        departed = await _record_known(recorder, known)
        await OrderChecks(recorder, counted, has_period=bool(windows), confirming=confirming).run()
        if windows:
            await _retry_unreadable(recorder, counted, departed)
            await _find_orphans(recorder)
        await in_thread(recorder.store.mark_ended)
    except* PortOneError as errors:  # Also a single one: only task groups raise groups.
        failure = first_error(errors)
    finally:
        await recorder.save_usage(is_last=True)
    if failure is not None:
        # Not in the clause above: the group, which contains the error, would be its context, and
        # tblib, which Dask installs, cannot pickle that.
        try:
            raise failure from None
        finally:
            del failure  # Its traceback has this frame.
    return await in_thread(recorder.store.summary)


async def _with_sweep(
    load: Coroutine[Any, Any, None],
    read_period: Callable[[], Coroutine[Any, Any, None]],
    may_sweep: asyncio.Event,
) -> None:
    """Load the orders while the period is read.

    If the period cannot be read, the orders are still loaded, so that the run can be resumed.
    """

    async def sweep_meanwhile() -> None:
        await may_sweep.wait()
        await read_period()

    sweeping = asyncio.create_task(sweep_meanwhile())
    try:
        await load
    except BaseException:
        await cancel([sweeping])
        raise
    await sweeping


async def _record_known(
    recorder: Recorder, known: Iterable[PaymentSnapshot]
) -> dict[str, PaymentSnapshot]:
    """Store the known payments that are not listed; return those without an order by ``imp_uid``."""
    rest, departed = iter(known), dict[str, PaymentSnapshot]()
    while batch := await in_thread(lambda: list(islice(rest, _BATCH))):
        for payment in await in_thread(recorder.store.record_known, batch):
            departed[payment.imp_uid] = payment
    return departed


async def _retry_unreadable(
    recorder: Recorder, client: PortOneClient, departed: Mapping[str, PaymentSnapshot]
) -> None:
    """Request once more the payments that cannot be read and belong to no order.

    One that is known and not listed any more stays known, even if this fails.
    """
    store = recorder.store
    for payment in await in_thread(store.unreadable_without_order):
        reason = str(payment)
        if payment.imp_uid is not None:
            try:
                readable = await client.payments.get(payment.imp_uid, include_sandbox=True)
            except FATAL_ERRORS:
                raise
            except PortOneError as error:
                reason = f"{type(error).__name__}: {error}"
            else:
                await in_thread(store.record_readable, PaymentSnapshot.of(readable))
                continue
        known = departed.get(payment.imp_uid or "")
        if known is None:
            await recorder.record_unreadable(payment, reason)
        else:
            await recorder.record([_not_checked(known, reason)])


def _not_checked(payment: PaymentSnapshot, reason: str) -> Finding:
    return Finding(
        merchant_uid=payment.merchant_uid,
        verdict=Verdict.NOT_CHECKED,
        payments=(payment,),
        error=reason,
    )


async def _find_orphans(recorder: Recorder) -> None:
    """Record the payments that belong to no order.

    One whose order may be in a row that could not be read is not checked.
    """
    unread = await in_thread(recorder.store.unread_numbers)
    after = ""
    while batch := await in_thread(recorder.store.payments_without_order, after=after):
        after = batch[-1].imp_uid
        findings = [compare(None, [payment]) for payment in batch]
        await recorder.record(
            [
                _not_checked(f.payments[0], UNREAD_ORDER) if f.merchant_uid in unread else f
                for f in findings
                if f.verdict is Verdict.ORPHAN
            ]
        )
