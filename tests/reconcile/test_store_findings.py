"""Test the findings and the summary of a store."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portone_async.reconcile.finding import Finding, Order, Verdict
from portone_async.reconcile.store import Store, StoreError
from tests.support.stored import ORDER, finding_of, orders, orphan, snapshot


def test_progress_counts_orders_only(store: Store) -> None:
    store.add_orders(orders(3))
    bad = Finding(merchant_uid="", verdict=Verdict.NOT_CHECKED, error="orders.csv:2: no amount")
    store.record([finding_of(next(orders(1))), orphan(snapshot()), bad])

    assert store.progress() == (1, 3)


def test_finding_recorded_again_replaces_itself(store: Store) -> None:
    store.add_orders([ORDER])
    bad = Finding(merchant_uid="", verdict=Verdict.NOT_CHECKED, error="orders.csv:2: no amount")
    store.record([finding_of(ORDER, Verdict.MISSING), orphan(snapshot()), bad])
    store.record([finding_of(ORDER), orphan(snapshot()), bad])

    assert list(store.findings()) == [finding_of(ORDER), orphan(snapshot()), bad]


def test_finding_of_an_unknown_order_raises_and_rolls_back(store: Store) -> None:
    store.add_orders([ORDER])

    with pytest.raises(StoreError, match="no order 'order-2'"):
        store.record(
            [orphan(snapshot()), finding_of(ORDER), finding_of(Order("order-2", Decimal(1)))]
        )

    assert list(store.findings()) == []


def test_findings_are_read_lazily_while_others_are_recorded(store: Store) -> None:
    everything = list(orders(2500))
    store.add_orders(everything)
    store.record(finding_of(order) for order in everything[:1500])
    findings = store.findings()
    first = next(findings)
    store.record(finding_of(order) for order in everything[1500:])

    assert [first.order, *(finding.order for finding in findings)] == everything


def test_findings_are_filtered_by_verdict(store: Store) -> None:
    everything = list(orders(3000))
    store.add_orders(everything)
    verdicts = [Verdict.MISSING if number % 2 else Verdict.MATCHED for number in range(3000)]
    store.record(map(finding_of, everything, verdicts))

    assert [finding.order for finding in store.findings(Verdict.MISSING)] == everything[1::2]
    assert list(store.findings(Verdict.ORPHAN)) == []


def test_deleting_not_checked_makes_orders_pending_again(store: Store) -> None:
    first, second = orders(2)
    store.add_orders([first, second])
    stranger = snapshot("imp_x", merchant_uid="stranger")
    store.record_slice("paid", [stranger], position=1)
    bad = Finding(merchant_uid="", verdict=Verdict.NOT_CHECKED, error="orders.csv:2: no amount")
    failed = Finding(
        merchant_uid="stranger", verdict=Verdict.NOT_CHECKED, payments=(stranger,), error="503"
    )
    store.record(
        [finding_of(first), finding_of(second, Verdict.NOT_CHECKED, error="503"), failed, bad]
    )

    assert store.delete_not_checked() == 2
    assert [pending.order for pending in store.pending_orders()] == [second]
    assert store.payments_without_order() == [stranger]
    assert list(store.findings()) == [finding_of(first), bad]


@given(
    st.lists(
        st.tuples(
            st.sampled_from([Verdict.MATCHED, Verdict.MISSING, Verdict.AMOUNT_DIFFERS]),
            st.sampled_from(["KRW", "USD"]),
            st.decimals(-(10**23), 10**23, places=4),
        )
    ),
    st.lists(st.tuples(st.sampled_from(["KRW", None]), st.decimals(0, 10**23, places=2))),
)
@example([(Verdict.MATCHED, "KRW", Decimal("99999999999999999999999.9999"))] * 12, [])
def test_summary_is_exact(
    of_orders: list[tuple[Verdict, str, Decimal]], of_orphans: list[tuple[str | None, Decimal]]
) -> None:
    counts = dict.fromkeys(Verdict, 0)
    amounts: dict[Verdict, dict[str, Fraction]] = {}
    with Store.open(":memory:") as store:
        for number, (verdict, currency, amount) in enumerate(of_orders):
            order = Order(str(number), amount, currency)
            store.add_orders([order])
            # The amount of the order counts, not that of the payment.
            store.record([finding_of(order, verdict, payments=(snapshot(amount=Decimal(5)),))])
        store.record(
            orphan(snapshot(f"imp_{number}", currency=currency, amount=amount))
            for number, (currency, amount) in enumerate(of_orphans)
        )
        store.record([Finding(merchant_uid="", verdict=Verdict.NOT_CHECKED, error="line 2")])
        summary = store.summary()
    everything = [
        *of_orders,
        *((Verdict.ORPHAN, currency or "", amt) for currency, amt in of_orphans),
    ]
    for verdict, currency, amount in everything:
        counts[verdict] += 1
        sums = amounts.setdefault(verdict, {})
        sums[currency] = sums.get(currency, Fraction()) + Fraction(amount)
    counts[Verdict.NOT_CHECKED] += 1

    assert summary.counts == counts
    assert amounts == {
        verdict: {currency: Fraction(amount) for currency, amount in sums.items()}
        for verdict, sums in summary.amounts.items()
    }
