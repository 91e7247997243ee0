"""Test the bridge from ordered to charged: each line, and that the lines add up."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from portone_async.models._record import EXACT
from portone_async.reconcile import (
    Bridge,
    Finding,
    Order,
    PaymentSnapshot,
    Store,
    Verdict,
    bridges,
    compare,
)
from portone_async.reconcile.bridges import BridgeSums, entries
from tests.support.report_run import day, order, snapshot

from .test_compare import orders, snapshots

MONEY = st.decimals(min_value=0, max_value=10**20, allow_nan=False, places=4)
any_order = st.builds(
    Order,
    merchant_uid=st.just("a"),
    amount=MONEY,
    currency=st.sampled_from(["KRW", "USD"]),
    status=st.sampled_from(["paid", "cancelled", "ready", "failed", "pending", "held"]),
    cancelled_amount=st.just(Decimal(0)) | MONEY,
)
any_snapshot = st.builds(
    PaymentSnapshot,
    imp_uid=st.uuids().map(str),
    merchant_uid=st.just("a"),
    status=st.sampled_from(["paid", "cancelled", "ready", "failed", "pending", "held"]),
    amount=MONEY,
    cancel_amount=st.just(Decimal(0)) | MONEY,
    currency=st.sampled_from(["KRW", "USD", None]),
    sandbox=st.sampled_from([True, False, None]),
)
any_finding = st.builds(
    Finding,
    merchant_uid=st.just("a"),
    verdict=st.sampled_from(Verdict),
    order=st.none() | any_order,
    payments=st.lists(any_snapshot, max_size=3).map(tuple),
)

SHORT = ("missing", "unpaid", "charged_less", "cancelled_more")
UNKNOWN = ("not_checked", "other_currency")
OVER = ("orphans", "paid_twice", "charged_more")


def lines(bridge: Bridge) -> dict[str, str]:
    """Return the lines between the two ends that are not zero."""
    names = ("matched", *SHORT, *UNKNOWN, *OVER, "unassigned")
    return {name: f"{amount:f}" for name in names if (amount := getattr(bridge, name))}


def compared(wanted: Order | None, *payments: PaymentSnapshot) -> dict[str, dict[str, str]]:
    result = bridges([compare(wanted, payments)])
    assert all(bridge.adds_up for bridge in result.values())
    return {currency: lines(bridge) for currency, bridge in result.items()}


def paid(amount: str, **changes: Any) -> PaymentSnapshot:
    return snapshot("a", amount, **changes)


def refunded(amount: str, cancelled: str, **changes: Any) -> PaymentSnapshot:
    return snapshot("a", amount, status="cancelled", cancelled=cancelled, **changes)


@pytest.mark.parametrize(
    ("payments", "expected"),
    [
        ([], {"missing": "1000"}),
        ([paid("1000")], {"matched": "1000"}),
        ([paid("900")], {"matched": "900", "charged_less": "100"}),
        ([paid("1100")], {"matched": "1000", "charged_more": "100"}),
        ([refunded("1000", "300")], {"matched": "700", "cancelled_more": "300"}),
        (
            [refunded("900", "300")],
            {"matched": "600", "charged_less": "100", "cancelled_more": "300"},
        ),
        ([refunded("1000", "1000")], {"cancelled_more": "1000"}),
        ([paid("1000", status="ready", paid_at=None)], {"unpaid": "1000"}),
        ([paid("1000", sandbox=True)], {"unpaid": "1000"}),
        ([paid("1000"), paid("800", imp_uid="b")], {"matched": "1000", "paid_twice": "800"}),
        ([paid("1000"), refunded("1000", "1000", imp_uid="b")], {"matched": "1000"}),
        (
            [paid("800"), refunded("1000", "1000", imp_uid="b")],
            {"matched": "800", "charged_less": "200"},
        ),
        (
            [paid("1200"), refunded("1000", "1000", imp_uid="b")],
            {"matched": "1000", "charged_more": "200"},
        ),
        ([refunded("1100", "300")], {"matched": "800", "cancelled_more": "200"}),
    ],
)
def test_money_of_an_order_is_in_its_line(
    payments: list[PaymentSnapshot], expected: dict[str, str]
) -> None:
    assert compared(order("a", "1000"), *payments) == {"KRW": expected}


@pytest.mark.parametrize(
    ("payments", "expected"),
    [
        ([refunded("1000", "300")], {"matched": "700"}),
        ([paid("1000")], {"matched": "700", "charged_more": "300"}),
        ([refunded("1000", "400")], {"matched": "600", "cancelled_more": "100"}),
        ([refunded("900", "300")], {"matched": "600", "charged_less": "100"}),
        ([], {"missing": "700"}),
    ],
)
@pytest.mark.parametrize("status", ["paid", "cancelled"])
def test_declared_refund_is_not_due(
    payments: list[PaymentSnapshot], expected: dict[str, str], status: str
) -> None:
    wanted = Order("a", Decimal(1000), status=status, cancelled_amount=Decimal(300))

    assert compared(wanted, *payments) == {"KRW": expected}


def test_declared_refund_above_the_amount_leaves_nothing_due() -> None:
    wanted = Order("a", Decimal(1000), cancelled_amount=Decimal(1200))
    (bridge,) = bridges([compare(wanted, [paid("1000", cancelled="1200")])]).values()

    assert [bridge.due, bridge.matched, bridge.short] == [0, -200, 200]


def test_money_of_an_order_that_was_not_checked_is_unknown() -> None:
    finding = replace(compare(order("a", "1000"), [paid("1000")]), verdict=Verdict.NOT_CHECKED)
    (bridge,) = bridges([finding]).values()

    assert lines(bridge) == {"not_checked": "1000", "unassigned": "1000"}


@pytest.mark.parametrize("status", ["cancelled", "ready", "failed"])
def test_unpaid_order_has_nothing_due(status: str) -> None:
    wanted = order("a", "1000", status=status)
    (bridge,) = bridges([compare(wanted, [])]).values()

    assert [bridge.ordered, bridge.not_due, bridge.short] == [1000, 1000, 0]
    assert compared(wanted, paid("1000")) == {"KRW": {"charged_more": "1000"}}


def test_charge_in_another_currency_is_unknown_on_both_sides() -> None:
    assert compared(order("a", "1000"), paid("1000", currency="USD")) == {
        "KRW": {"other_currency": "1000"},
        "USD": {"unassigned": "1000"},
    }


def test_second_charge_in_another_currency_is_paid_twice() -> None:
    result = compared(order("a", "1000"), paid("1000"), paid("7", imp_uid="b", currency="USD"))

    assert result == {"KRW": {"matched": "1000"}, "USD": {"paid_twice": "7"}}


def test_order_that_was_not_checked_is_unknown() -> None:
    failed = Finding(merchant_uid="a", verdict=Verdict.NOT_CHECKED, order=order("a", "1000"))

    assert lines(bridges([failed])["KRW"]) == {"not_checked": "1000"}


def test_payment_that_was_not_checked_is_unassigned() -> None:
    failed = Finding(merchant_uid="a", verdict=Verdict.NOT_CHECKED, payments=(paid("1000"),))

    assert lines(bridges([failed])["KRW"]) == {"unassigned": "1000"}


def test_charge_cancelled_in_another_currency_is_charged_less() -> None:
    result = compared(order("a", "1000"), refunded("1000", "1000", currency="USD"))

    assert result == {"KRW": {"charged_less": "1000"}}


def test_unknown_order_status_makes_the_charged_amount_due() -> None:
    wanted = order("a", "1000", status="held")

    assert compared(wanted) == {"KRW": {}}
    assert compared(wanted, paid("1000", status="held")) == {"KRW": {"matched": "1000"}}


def test_shortage_of_one_order_is_not_netted_against_another() -> None:
    won = bridges([compare(order("a", "1000"), []), compare(None, [paid("1000")])])["KRW"]

    assert [won.short, won.over] == [1000, 1000]
    assert won.due == won.charged


@given(st.lists(any_finding, max_size=6))
def test_bridge_adds_up_for_any_findings(findings: list[Finding]) -> None:
    assert all(bridge.adds_up for bridge in bridges(findings).values())


@given(st.lists(any_finding, max_size=6))
def test_both_ends_equal_independent_sums(findings: list[Finding]) -> None:
    result = bridges(findings)
    for currency in {"KRW", "USD", ""} | result.keys():
        bridge = result.get(currency, Bridge())
        ordered = [f.order.amount for f in findings if f.order and f.order.currency == currency]
        assert Fraction(bridge.ordered) == sum(map(Fraction, ordered))
        assert Fraction(bridge.charged) == sum(
            Fraction(payment.amount) - Fraction(payment.cancel_amount)
            for payment in payments_of(findings)
            if (payment.currency or "") == currency and is_live_charge(payment)
        )


def payments_of(findings: Iterable[Finding]) -> Iterable[PaymentSnapshot]:
    return (payment for finding in findings for payment in finding.payments)


def is_live_charge(payment: PaymentSnapshot) -> bool:
    """Decide independently whether money was charged: drawn payments have no ``paid_at``."""
    is_known_charge = payment.cancel_amount > 0 and payment.status not in {"ready", "failed"}
    return payment.sandbox is not True and (payment.status == "paid" or is_known_charge)


@given(orders, st.lists(snapshots, max_size=4))
def test_matched_order_is_neither_short_nor_over(
    wanted: Order, payments: list[PaymentSnapshot]
) -> None:
    finding = compare(wanted, [p for p in payments if p.cancel_amount <= p.amount])
    for bridge in bridges([finding]).values():
        assert all(getattr(bridge, name) >= 0 for name in Bridge.__struct_fields__)
        if finding.verdict is Verdict.MATCHED:
            assert not any([bridge.short, bridge.over, bridge.unknown, bridge.unassigned])


@given(st.lists(any_finding, max_size=6), st.integers(0, 6))
def test_merged_sums_equal_sums_of_all_findings(findings: list[Finding], cut: int) -> None:
    parts = [BridgeSums(), BridgeSums()]
    for number, finding in enumerate(findings):
        parts[number < cut].add(finding)
    parts[0].merge(parts[1])

    assert parts[0].bridges() == bridges(findings)


@st.composite
def some_compared(draw: st.DrawFn) -> Finding:
    """Draw the verdict on an order, with a payment that is likely to match it."""
    wanted = draw(orders)
    payments = draw(st.lists(snapshots, max_size=2))
    if draw(st.booleans()):
        refund = draw(st.sampled_from([Decimal(0), wanted.amount / 2, wanted.amount]))
        wanted = replace(wanted, status="paid", cancelled_amount=refund)
        payments.append(
            replace(
                draw(snapshots),
                status="cancelled" if refund else "paid",
                amount=wanted.amount,
                cancel_amount=refund,
                currency=wanted.currency,
            )
        )
    return compare(wanted, payments)


@given(any_finding | some_compared())
def test_bridges_of_a_finding_are_the_sums_of_its_entries(finding: Finding) -> None:
    sums: dict[tuple[str, str], Decimal] = {}
    for currency, line, amount in entries(finding):
        sums[currency, line] = EXACT.add(sums.get((currency, line), Decimal(0)), amount)
    lines = {
        (currency, line): getattr(bridge, line)
        for currency, bridge in bridges([finding]).items()
        for line in Bridge.__struct_fields__
    }

    assert {key: amount for key, amount in lines.items() if amount} == {
        key: amount for key, amount in sums.items() if amount
    }


@given(some_compared())
def test_store_and_sums_make_the_same_bridge_of_an_order(finding: Finding) -> None:
    assert finding.order is not None
    with Store.open(":memory:") as store:
        store.add_orders([finding.order])
        store.record([finding])

        assert store.summary().bridge == bridges([finding])
        assert store.summary().counts[finding.verdict] == 1


def test_summary_has_the_bridge_of_the_findings(tmp_path: Path) -> None:
    findings = [f for f in day() if "\udcff" not in f.merchant_uid]
    with Store.open(tmp_path / "run.db") as store:
        store.add_orders(f.order for f in findings if f.order is not None)
        store.record(findings)
        summary = store.summary()

    assert summary.bridge == bridges(findings)
    assert summary.bridge["KRW"].orphans == 2000
    assert summary.unreadable == 1
