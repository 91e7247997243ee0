"""Test one partition from its orders to its ledger, against the fake."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest

from portone_async import InvalidRequestError, PortOneClient
from portone_async.reconcile import (
    Finding,
    Ledger,
    LedgerError,
    Order,
    Partition,
    UnreadableOrder,
    Verdict,
    join_partitions,
    plan,
    reconcile_partition,
)
from portone_async.testing import FakePortOne, Status

from .test_contract import FIRST

DAY = timedelta(days=1)


def orders(partition: Partition) -> list[Order]:
    return [Order(f"{partition.since:%d}-{number}", Decimal(1000)) for number in range(3)]


async def test_partition_is_reconciled_once(
    server: FakePortOne, client: PortOneClient, ledger: Ledger
) -> None:
    whole = plan(since=FIRST, until=FIRST + DAY)
    ledger.claim(whole)
    _, partition, _ = whole
    for number in range(2):
        server.add(merchant_uid=f"01-{number}", amount=Decimal(1000), paid_at=FIRST)

    summary = await reconcile_partition(client, partition, orders, ledger)
    requests = len(server.requests)
    again = await reconcile_partition(client, partition, orders, ledger)

    assert again == summary == ledger.summary_of(partition)
    assert len(server.requests) == requests
    assert [finding.verdict for finding in ledger.findings()] == [
        *(Verdict.MATCHED, Verdict.MATCHED, Verdict.MISSING)
    ]
    await reconcile_partition(client, partition, orders, ledger, again=True)
    assert len(server.requests) > requests


async def test_changed_orders_are_reconciled_again_on_request(
    server: FakePortOne, client: PortOneClient, ledger: Ledger
) -> None:
    whole = plan(since=FIRST, until=FIRST + DAY)
    ledger.claim(whole)
    margin, partition, _ = whole
    server.add(merchant_uid="01-0", amount=Decimal(1000), paid_at=FIRST)
    own = [Order("01-0", Decimal(1000))]
    for each in (margin, partition):
        await reconcile_partition(client, each, lambda _: own, ledger)
    server.clear_requests()

    async def same(_: Partition) -> AsyncIterator[Order]:
        yield Order("01-0", Decimal("1000.0"))

    for each in (margin, partition):
        await reconcile_partition(client, each, same, ledger, again="changed")
    assert not server.requests
    own = [Order("01-0", Decimal(900))]
    stale = await reconcile_partition(client, partition, lambda _: own, ledger)
    changed = await reconcile_partition(client, partition, lambda _: own, ledger, again="changed")

    assert stale.counts[Verdict.MATCHED] == changed.counts[Verdict.AMOUNT_DIFFERS] == 1
    with pytest.raises(InvalidRequestError, match="not 'Changed'"):
        await reconcile_partition(client, partition, same, ledger, again="Changed")  # type: ignore[arg-type]  # deliberately


async def test_margin_reads_no_payments(
    server: FakePortOne, client: PortOneClient, ledger: Ledger
) -> None:
    whole = plan(since=FIRST, until=FIRST + DAY)
    ledger.claim(whole)
    margin, *_ = whole

    def with_unreadable(partition: Partition) -> list[Order | UnreadableOrder]:
        return [*orders(partition), UnreadableOrder("row 9", "no amount", "o-9")]

    summary = await reconcile_partition(client, margin, with_unreadable, ledger)

    assert ledger.summary_of(margin) == summary
    assert not summary.unreadable
    assert not any(summary.counts.values())
    assert not summary.bridge
    assert not summary.amounts
    assert not server.requests


async def test_payment_of_an_unreadable_row_of_a_margin_is_not_an_orphan(
    server: FakePortOne, client: PortOneClient, ledger: Ledger
) -> None:
    whole = plan(since=FIRST, until=FIRST + DAY)
    ledger.claim(whole)
    for number in ("o-9", "other"):
        server.add(merchant_uid=number, amount=Decimal(1000), paid_at=FIRST)

    def rows(partition: Partition) -> list[UnreadableOrder]:
        return [UnreadableOrder("row 9", "no amount", "o-9")] if partition.is_margin else []

    for partition in whole:
        await reconcile_partition(client, partition, rows, ledger)

    verdicts = {finding.merchant_uid: finding.verdict for finding in ledger.findings()}
    assert verdicts == {"o-9": Verdict.NOT_CHECKED, "other": Verdict.ORPHAN}


async def test_run_refuses_the_keys_of_another_shop(
    server: FakePortOne, client: PortOneClient, ledger: Ledger
) -> None:
    whole = plan(since=FIRST, until=FIRST + 2 * DAY)
    ledger.claim(whole)
    margin, first, second, _ = whole
    with FakePortOne(imp_key="7700000000000002") as other_server:
        async with other_server.client() as other:
            # A margin has no payments, so it may be published with a mistyped key.
            await reconcile_partition(other, margin, orders, ledger)
            await reconcile_partition(client, first, orders, ledger)

            for partition in (first, second):
                with pytest.raises(LedgerError, match="another API key"):
                    await reconcile_partition(other, partition, orders, ledger)
            with pytest.raises(LedgerError, match="another API key"):
                await join_partitions(other, ledger)

            assert not other_server.requests
    await reconcile_partition(client, second, orders, ledger)


def held(finding: Finding) -> list[int]:
    """Return what each payment of a finding has charged and not refunded."""
    return [int(payment.amount - payment.cancel_amount) for payment in finding.payments]


async def test_payments_that_left_the_lists_are_requested_again(
    server: FakePortOne, client: PortOneClient, ledger: Ledger
) -> None:
    whole = plan(since=FIRST, until=FIRST + DAY, margin=timedelta(0))
    ledger.claim(whole)
    (partition,) = whole
    numbers = ("01-0", "01-0", "01-1", "01-2", "strange", "gone")
    charges = [server.add(merchant_uid=n, amount=Decimal(1000), paid_at=FIRST) for n in numbers]
    await reconcile_partition(client, partition, orders, ledger)
    # PortOne lists a payment by the time of its last refund.
    refunds = {1: 300, 3: 1000, 4: 300, 5: 1000}
    for place, refund in refunds.items():
        server.update(
            charges[place].imp_uid,
            status="cancelled",
            cancel_amount=Decimal(refund),
            cancelled_at=FIRST + 5 * DAY,
        )

    await reconcile_partition(client, partition, orders, ledger, again=True)

    twice, matched, refunded, orphan = ledger.findings()
    assert (twice.verdict, sorted(held(twice))) == (Verdict.PAID_TWICE, [700, 1000])
    assert matched.verdict is Verdict.MATCHED
    assert (refunded.verdict, held(refunded)) == (Verdict.STATUS_DIFFERS, [0])
    assert (orphan.verdict, orphan.merchant_uid, held(orphan)) == (
        *(Verdict.ORPHAN, "strange"),
        [700],
    )
    assert ledger.summary().bridge["KRW"].adds_up


async def test_payment_that_left_the_lists_stays_known_if_its_request_fails(
    server: FakePortOne, client: PortOneClient, ledger: Ledger
) -> None:
    whole = plan(since=FIRST, until=FIRST + DAY, margin=timedelta(0))
    ledger.claim(whole)
    (partition,) = whole
    charge = server.add(merchant_uid="strange", amount=Decimal(1000), paid_at=FIRST).imp_uid

    def no_orders(_: Partition) -> list[Order]:
        return []

    await reconcile_partition(client, partition, no_orders, ledger)
    server.update(
        charge, status="cancelled", cancel_amount=Decimal(300), cancelled_at=FIRST + 5 * DAY
    )
    server.fail(Status(503), times=None, on=f"/payments/{charge}")
    await reconcile_partition(client, partition, no_orders, ledger, again=True)
    (unchecked,) = ledger.findings()
    assert (unchecked.verdict, held(unchecked)) == (Verdict.NOT_CHECKED, [1000])
    assert ledger.summary().bridge["KRW"].adds_up
    server.clear_faults()

    await reconcile_partition(client, partition, no_orders, ledger, again=True)

    (orphan,) = ledger.findings()
    assert (orphan.verdict, held(orphan)) == (Verdict.ORPHAN, [700])


async def test_payments_of_an_order_that_was_not_checked_stay_known(
    server: FakePortOne, client: PortOneClient, ledger: Ledger
) -> None:
    whole = plan(since=FIRST, until=FIRST + DAY, margin=timedelta(0))
    ledger.claim(whole)
    (partition,) = whole
    charges = [server.add(merchant_uid="01-0", amount=Decimal(1000), paid_at=FIRST) for _ in "ab"]
    server.fail(Status(503), times=None, on="/payments/find")
    await reconcile_partition(client, partition, orders, ledger)
    assert {finding.verdict for finding in ledger.findings()} == {Verdict.NOT_CHECKED}
    assert ledger.summary().counts[Verdict.NOT_CHECKED] == 3
    server.clear_faults()
    server.update(
        charges[1].imp_uid,
        status="cancelled",
        cancel_amount=Decimal(300),
        cancelled_at=FIRST + 5 * DAY,
    )

    await reconcile_partition(client, partition, orders, ledger, again=True)

    twice, *_ = ledger.findings()
    assert (twice.verdict, sorted(held(twice))) == (Verdict.PAID_TWICE, [700, 1000])
