"""Test what a ledger reports of an order number that several partitions have."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from portone_async.reconcile import (
    Finding,
    Ledger,
    Order,
    PaymentSnapshot,
    Summary,
    Verdict,
    compare,
    plan,
)
from portone_async.reconcile.bridges import bridges
from portone_async.reconcile.money import Sums, add_to
from portone_async.reconcile.partition import MARGIN_REASON
from tests.support.stored import ORDER, finding_of, orphan, snapshot

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
PLAN = plan(["A01", "B02"], since=FIRST, until=FIRST + 2 * DAY)
BEFORE, FIRST_DAY, SECOND_DAY, AFTER, *OF_B02 = PLAN

A, B = snapshot("imp_a"), snapshot("imp_b")
MATCHED = compare(ORDER, [A])
PAID_TWICE = compare(ORDER, [A, B])
MARGIN = finding_of(ORDER, Verdict.NOT_CHECKED, error=MARGIN_REASON)


def totals(findings: Sequence[Finding], requests: int = 1) -> Summary:
    """Return the totals of findings, as a run has them."""
    counts = dict.fromkeys(Verdict, 0)
    amounts: dict[Verdict, Sums] = {}
    for finding in findings:
        counts[finding.verdict] += 1
        sums = amounts.setdefault(finding.verdict, {})
        if finding.order is not None:
            add_to(sums, finding.order.currency, finding.order.amount)
        for payment in finding.payments if finding.order is None else ():
            add_to(sums, payment.currency or "", payment.amount)
    unreadable = sum(not (finding.order or finding.payments) for finding in findings)
    return Summary(
        counts=counts,
        amounts={verdict: sums for verdict, sums in amounts.items() if sums},
        bridge=bridges(findings),
        unreadable=unreadable,
        requests=requests,
        retries=0,
        seconds=1.5,
        started_at=FIRST,
        ended_at=FIRST + DAY,
    )


def publish_all(ledger: Ledger, **findings: Sequence[Finding]) -> None:
    """Publish all partitions of Tier A01, and empty ones of the other, unless it is given."""
    ledger.claim(PLAN)
    names = {"before": BEFORE, "first": FIRST_DAY, "second": SECOND_DAY, "after": AFTER}
    for name, partition in names.items():
        own = findings.get(name, ())
        summary = totals(() if partition.is_margin else own)
        ledger.publish(partition, summary, own)
    for partition in OF_B02:
        own = findings.get("other", ()) if partition.name == "B02/2026-11-02" else ()
        ledger.publish(partition, totals(own), own)


def assert_reports(ledger: Ledger, *expected: Finding) -> None:
    """Assert that the findings, each verdict's, and the totals are those of these findings."""
    assert list(ledger.findings()) == list(expected)
    for verdict in Verdict:
        own = [finding for finding in expected if finding.verdict is verdict]
        assert list(ledger.findings(verdict)) == own
    summary, whole = ledger.summary(), totals(expected)
    assert summary.counts == whole.counts
    assert summary.amounts == whole.amounts
    assert summary.bridge == whole.bridge
    assert all(bridge.adds_up for bridge in summary.bridge.values())
    assert summary.unreadable == whole.unreadable


def not_checked(payments: Sequence[PaymentSnapshot], **changes: Any) -> Finding:
    finding = compare(ORDER, payments)
    error = "it has payments in other partitions, and has not been compared with them yet"
    return replace(finding, verdict=Verdict.NOT_CHECKED, error=error, **changes)


def test_payment_that_its_order_considers_is_not_an_orphan(ledger: Ledger) -> None:
    publish_all(ledger, first=[MATCHED], second=[orphan(A)])

    assert_reports(ledger, MATCHED)
    assert not list(ledger.unconfirmed())


UNREAD_ROW = Finding(
    merchant_uid=A.merchant_uid, verdict=Verdict.NOT_CHECKED, error="row 3: no amount"
)
UNREAD_ORDER = replace(
    orphan(A),
    verdict=Verdict.NOT_CHECKED,
    error="a row or a payment with its order number could not be read",
)


def test_payment_of_a_row_unreadable_elsewhere_is_not_an_orphan(ledger: Ledger) -> None:
    publish_all(ledger, first=[UNREAD_ROW], second=[orphan(A)])

    assert_reports(ledger, UNREAD_ROW, UNREAD_ORDER)


def test_payment_of_an_unreadable_row_of_a_margin_is_not_an_orphan(ledger: Ledger) -> None:
    publish_all(ledger, before=[UNREAD_ROW], second=[orphan(A)], after=[UNREAD_ROW])

    assert_reports(ledger, UNREAD_ORDER)


@pytest.mark.parametrize("findings", [[], [MARGIN]], ids=["alone", "order"])
def test_unreadable_row_of_a_margin_is_not_reported(
    ledger: Ledger, findings: list[Finding]
) -> None:
    publish_all(ledger, before=[UNREAD_ROW], after=[UNREAD_ROW, *findings])

    assert_reports(ledger)


def test_order_with_an_unreadable_row_in_a_margin_is_looked_up(ledger: Ledger) -> None:
    publish_all(ledger, before=[UNREAD_ROW], first=[MATCHED])

    assert_reports(ledger, not_checked([A]))
    ledger.record_confirmed("A01", [MATCHED])
    assert_reports(ledger, MATCHED)


def test_equal_number_in_another_tier_stays_an_orphan(ledger: Ledger) -> None:
    publish_all(ledger, first=[MATCHED], other=[orphan(A)])

    assert_reports(ledger, MATCHED, orphan(A))
    assert [entry.tier for entry in ledger.entries()] == ["A01", "B02"]


@pytest.mark.parametrize(
    ("first", "payments"),
    [
        (MATCHED, [A, B]),
        (finding_of(ORDER, Verdict.MISSING), [B]),
        (compare(ORDER, [snapshot("imp_a", amount=Decimal(700))]), None),
    ],
    ids=["matched", "missing", "amount_differs"],
)
def test_second_charge_makes_its_order_unchecked(
    ledger: Ledger, first: Finding, payments: list[PaymentSnapshot] | None
) -> None:
    known = [*first.payments, B] if payments is None else payments
    publish_all(ledger, first=[first], second=[orphan(B)])

    assert_reports(ledger, not_checked(known))
    (unconfirmed,) = ledger.unconfirmed()
    assert (unconfirmed.tier, unconfirmed.order) == ("A01", ORDER)
    assert set(unconfirmed.payments) == set(known)


def test_order_that_follows_its_payment_is_joined(ledger: Ledger) -> None:
    publish_all(ledger, first=[orphan(B)], second=[MATCHED])

    assert_reports(ledger, not_checked([A, B]))


def test_later_state_of_a_payment_makes_its_order_unchecked(ledger: Ledger) -> None:
    cancelled = replace(A, status="cancelled", cancel_amount=Decimal(300))
    publish_all(ledger, first=[MATCHED], second=[orphan(cancelled)])

    assert_reports(ledger, not_checked([cancelled]))


def test_confirmed_order_is_reported(ledger: Ledger) -> None:
    publish_all(ledger, first=[MATCHED], second=[orphan(B)])

    ledger.record_confirmed("A01", [PAID_TWICE], requests=3, retries=1, seconds=2.0)

    assert_reports(ledger, PAID_TWICE)
    assert not list(ledger.unconfirmed())
    summary = ledger.summary()
    assert (summary.requests, summary.retries, summary.seconds) == (8 + 3, 1, 8 * 1.5 + 2)
    assert summary.ended_at == FIRST + DAY


def test_confirmation_that_failed_is_reported_and_repeated(ledger: Ledger) -> None:
    publish_all(ledger, first=[MATCHED], second=[orphan(B)])
    failed = finding_of(ORDER, Verdict.NOT_CHECKED, error="ServerError: 503")

    ledger.record_confirmed("A01", [failed])

    assert_reports(ledger, replace(not_checked([A, B]), error="ServerError: 503"))
    assert len(list(ledger.unconfirmed())) == 1


LATER = replace(B, status="cancelled", cancel_amount=Decimal(1))


C = snapshot("imp_c")


@pytest.mark.parametrize(
    ("stale", "payment", "known"),
    [
        (compare(replace(ORDER, amount=Decimal(2000)), [A, B]), B, [A, B]),
        (compare(ORDER, [A, C]), B, [A, B, C]),
        (compare(ORDER, [A, B]), LATER, [A, LATER]),
    ],
    ids=["order", "payment", "state"],
)
def test_confirmation_of_an_earlier_state_is_not_reported(
    ledger: Ledger, stale: Finding, payment: PaymentSnapshot, known: list[PaymentSnapshot]
) -> None:
    publish_all(ledger, first=[MATCHED], second=[orphan(payment)])

    ledger.record_confirmed("A01", [stale])

    assert_reports(ledger, not_checked(known))


def test_confirmed_order_stays_when_the_other_partition_loses_its_payment(ledger: Ledger) -> None:
    publish_all(ledger, first=[MATCHED], second=[orphan(B)])
    ledger.record_confirmed("A01", [PAID_TWICE])

    ledger.publish(SECOND_DAY, totals([]), [])

    assert_reports(ledger, PAID_TWICE)
    assert not list(ledger.unconfirmed())


def test_order_that_changed_since_its_confirmation_is_confirmed_again(ledger: Ledger) -> None:
    publish_all(ledger, first=[compare(replace(ORDER, amount=Decimal(2000)), [A])])
    ledger.record_confirmed("A01", [compare(replace(ORDER, amount=Decimal(2000)), [A, B])])

    ledger.publish(FIRST_DAY, totals([MATCHED]), [MATCHED])

    assert_reports(ledger, not_checked([A, B]))
    assert len(list(ledger.unconfirmed())) == 1


def test_confirmation_of_a_later_state_is_reported(ledger: Ledger) -> None:
    publish_all(ledger, first=[MATCHED], second=[orphan(B)])
    later = compare(ORDER, [A, replace(B, status="cancelled", cancel_amount=Decimal(1000))])

    ledger.record_confirmed("A01", [later])

    assert_reports(ledger, later)


def test_order_that_contradicts_itself_stays_unchecked(ledger: Ledger) -> None:
    contradicted = finding_of(ORDER, Verdict.NOT_CHECKED, error="the order number appears twice")
    publish_all(ledger, first=[contradicted], second=[orphan(B)])

    ledger.record_confirmed("A01", [compare(ORDER, [B])])

    assert_reports(ledger, contradicted)
    assert not list(ledger.unconfirmed())


def test_order_of_two_partitions_is_reported_once(ledger: Ledger) -> None:
    publish_all(ledger, first=[MATCHED], second=[MATCHED])

    assert_reports(ledger, MATCHED)


def test_order_of_two_partitions_is_compared_with_the_payments_of_both(ledger: Ledger) -> None:
    publish_all(ledger, first=[MATCHED], second=[compare(ORDER, [B])])

    assert_reports(ledger, not_checked([A, B]))


def test_different_orders_of_one_number_are_not_checked(ledger: Ledger) -> None:
    other = replace(ORDER, amount=Decimal(700))
    publish_all(ledger, first=[MATCHED], second=[finding_of(other, Verdict.AMOUNT_DIFFERS)])

    (finding,) = ledger.findings()

    assert_reports(ledger, finding)
    assert finding.verdict is Verdict.NOT_CHECKED
    assert finding.error == ("the order number appears twice: 1000 KRW paid, and 700 KRW paid")


def test_unreadable_payment_of_another_partition_stays(ledger: Ledger) -> None:
    unreadable = Finding(
        merchant_uid="order-1", verdict=Verdict.NOT_CHECKED, error="payment imp_b: odd amount"
    )
    publish_all(ledger, first=[MATCHED], second=[unreadable])

    assert_reports(ledger, not_checked([A]), unreadable)
    ledger.record_confirmed("A01", [MATCHED])
    assert_reports(ledger, MATCHED, unreadable)


@pytest.mark.parametrize("is_later_first", [False, True])
def test_orphan_of_two_partitions_is_reported_once_in_its_later_state(
    ledger: Ledger, is_later_first: bool
) -> None:
    later = replace(A, status="cancelled", cancel_amount=Decimal(300))
    first, second = (later, A) if is_later_first else (A, later)

    publish_all(ledger, first=[orphan(first), orphan(B)], second=[orphan(second)])

    expected = [orphan(later), orphan(B)] if is_later_first else [orphan(B), orphan(later)]
    assert_reports(ledger, *expected)


CANCELLED = replace(A, status="cancelled", cancel_amount=Decimal(1000))
SETTLED = compare(None, [CANCELLED])


def publish_settled(ledger: Ledger, **findings: Sequence[Finding]) -> None:
    """Publish findings, and a cancelled payment on the second day that is not in its totals."""
    publish_all(ledger, **findings)
    ledger.publish(SECOND_DAY, totals([]), [SETTLED])


def test_cancelled_payment_makes_its_order_unchecked(ledger: Ledger) -> None:
    publish_settled(ledger, first=[MATCHED])

    assert_reports(ledger, not_checked([CANCELLED]))
    confirmed = compare(ORDER, [CANCELLED])
    ledger.record_confirmed("A01", [confirmed])
    assert_reports(ledger, confirmed)


def test_cancelled_payment_that_its_order_considers_is_not_reported(ledger: Ledger) -> None:
    finding = compare(ORDER, [CANCELLED])
    publish_settled(ledger, first=[finding])

    assert_reports(ledger, finding)
    assert not list(ledger.unconfirmed())


def test_cancelled_payment_without_order_is_not_reported(ledger: Ledger) -> None:
    publish_settled(ledger)

    assert_reports(ledger)


def test_orphan_that_was_cancelled_is_not_reported(ledger: Ledger) -> None:
    publish_settled(ledger, first=[orphan(A), orphan(B)])

    assert_reports(ledger, orphan(B))


def test_cancelled_payment_of_an_order_of_a_margin_is_unchecked(ledger: Ledger) -> None:
    publish_settled(ledger, after=[MARGIN])

    assert_reports(ledger, not_checked([CANCELLED]))
    ledger.record_confirmed("A01", [compare(ORDER, [CANCELLED, B])])
    assert_reports(ledger)


def test_rows_without_number_are_never_joined(ledger: Ledger) -> None:
    rows = [
        Finding(merchant_uid="", verdict=Verdict.NOT_CHECKED, error=f"orders.csv:{line}")
        for line in (1, 2)
    ]
    publish_all(ledger, first=rows[:1], second=rows[1:])

    assert_reports(ledger, *rows)


class TestMargins:
    def test_order_without_payment_is_not_reported(self, ledger: Ledger) -> None:
        publish_all(ledger, before=[MARGIN])

        assert_reports(ledger)
        assert not list(ledger.unconfirmed())

    def test_unreadable_payment_of_its_order_stays(self, ledger: Ledger) -> None:
        unreadable = Finding(
            merchant_uid="order-1", verdict=Verdict.NOT_CHECKED, error="payment imp_b: odd amount"
        )
        publish_all(ledger, before=[MARGIN], first=[unreadable], after=[MARGIN])

        assert_reports(ledger, unreadable)
        assert not list(ledger.unconfirmed())

    def test_payment_of_its_order_is_unchecked_at_first(self, ledger: Ledger) -> None:
        publish_all(ledger, before=[MARGIN], first=[orphan(B)])

        assert_reports(ledger, not_checked([B]))
        assert [entry.partition for entry in ledger.entries()] == [FIRST_DAY]

    def test_order_that_matches_is_not_reported(self, ledger: Ledger) -> None:
        publish_all(ledger, second=[orphan(B)], after=[MARGIN])

        ledger.record_confirmed("A01", [compare(ORDER, [B])])

        assert_reports(ledger)

    def test_second_charge_is_reported(self, ledger: Ledger) -> None:
        publish_all(ledger, before=[MARGIN], first=[orphan(B)])

        ledger.record_confirmed("A01", [PAID_TWICE])

        assert_reports(ledger, PAID_TWICE)


def test_orphan_is_unchecked_while_its_tier_is_unfinished(ledger: Ledger) -> None:
    ledger.claim(PLAN)
    other = snapshot("imp_c", merchant_uid="order-2")
    published = {
        FIRST_DAY: [orphan(A), orphan(other)],
        SECOND_DAY: [orphan(B)],
        OF_B02[1]: [orphan(B)],
    }
    for partition in (FIRST_DAY, SECOND_DAY, *OF_B02):
        findings = published.get(partition, [])
        ledger.publish(partition, totals(findings), findings)

    *provisional, orphaned = ledger.findings()

    assert_reports(ledger, *provisional, orphaned)
    assert [(each.verdict, *each.payments) for each in provisional] == [
        (Verdict.NOT_CHECKED, payment) for payment in (A, other, B)
    ]
    assert {each.error for each in provisional} == {
        "its order may be in a partition that is not finished"
    }
    assert orphaned == orphan(B)
    assert ledger.summary().ended_at is None
    assert list(ledger.unfinished()) == [BEFORE, AFTER]


def test_pages_lose_nothing(ledger: Ledger, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("portone_async.reconcile.ledgers._sql_ledger.PAGE", 2)
    orders = [Order(f"주문-{number}", Decimal(1000)) for number in range(7)]
    payments = [snapshot(f"imp_{o.merchant_uid}", merchant_uid=o.merchant_uid) for o in orders]
    matched = [compare(o, [p]) for o, p in zip(orders, payments, strict=True)]

    publish_all(ledger, first=matched[:4], second=[*matched[4:], *map(orphan, payments[:4])])

    assert_reports(ledger, *matched)


@pytest.mark.parametrize("number", ["a\0b", 'a"b\\', "주문 1"])
def test_any_order_number_is_joined(ledger: Ledger, number: str) -> None:
    payments = [replace(payment, merchant_uid=number) for payment in (A, B)]
    order = replace(ORDER, merchant_uid=number)
    publish_all(ledger, first=[compare(order, payments[:1])], second=[orphan(payments[1])])

    assert [each.order for each in ledger.unconfirmed()] == [order]
    ledger.record_confirmed("A01", [compare(order, payments)])

    assert_reports(ledger, compare(order, payments))
