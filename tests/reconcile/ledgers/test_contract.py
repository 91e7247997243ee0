"""The contract of every ledger: plans, publishing, reading. The fixture opens each kind."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec.structs import replace

from portone_async import InvalidRequestError
from portone_async.reconcile import (
    Finding,
    Ledger,
    LedgerError,
    Order,
    Partition,
    Plan,
    Summary,
    Verdict,
    plan,
)
from tests.support.stored import finding_of, orphan, snapshot

from .conftest import OpenLedger

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
DAY = timedelta(days=1)
PLAN = plan(["A01", "B02"], since=FIRST, until=FIRST + 2 * DAY, margin=timedelta(0))


def order(number: int) -> Order:
    return Order(f"주문-{number}", Decimal(1000 + number))


def matched(number: int) -> Finding:
    return finding_of(
        order(number),
        payments=(
            snapshot(f"imp_{number}", merchant_uid=f"주문-{number}", amount=Decimal(1000 + number)),
        ),
    )


def summary_of(*findings: Finding, requests: int = 1) -> Summary:
    counts = dict.fromkeys(Verdict, 0)
    for finding in findings:
        counts[finding.verdict] += 1
    return Summary(
        counts=counts,
        amounts={},
        requests=requests,
        retries=0,
        seconds=1.5,
        started_at=FIRST,
        ended_at=FIRST + DAY,
    )


def publish(ledger: Ledger, partition: Partition, *findings: Finding) -> Summary:
    summary = summary_of(*findings)
    ledger.publish(partition, summary, findings)
    return summary


def test_published_partition_is_read_back(ledger: Ledger) -> None:
    ledger.claim(PLAN)
    first, *rest = PLAN
    findings = [matched(1), finding_of(order(2), Verdict.MISSING), orphan(snapshot("imp_9"))]

    assert ledger.summary_of(first) is None
    summary = publish(ledger, first, *findings)

    assert ledger.summary_of(first) == summary
    assert list(ledger.unfinished()) == rest
    assert [(entry.partition, entry.tier) for entry in ledger.entries("missing")] == [
        (first, "A01")
    ]
    assert list(ledger.findings(Verdict.MATCHED)) == findings[:1]


def test_partition_that_runs_twice_has_findings_of_one_run(ledger: Ledger) -> None:
    ledger.claim(PLAN)
    first, second, *_ = PLAN
    publish(ledger, first, matched(1), matched(2), matched(3))
    publish(ledger, second, matched(4))

    publish(ledger, first, matched(1), matched(5))

    assert list(ledger.findings()) == [matched(1), matched(5), matched(4)]
    assert ledger.summary().counts[Verdict.MATCHED] == 3


def test_digest_is_that_of_the_last_publish(ledger: Ledger) -> None:
    ledger.claim(PLAN)
    first, second, *_ = PLAN
    ledger.publish(first, summary_of(), (), digest="a")
    ledger.publish(first, summary_of(), (), digest="b")
    ledger.publish(second, summary_of(), ())

    assert ledger.digests() == {first.name: "b"}


def test_run_has_payments_of_one_account(open_ledger: OpenLedger) -> None:
    ledger, other = open_ledger("november"), open_ledger("november")
    ledger.claim(PLAN)
    first, second, *_ = PLAN
    ledger.publish(first, summary_of(), ())
    ledger.check_account("a")
    other.check_account("b")
    ledger.publish(first, summary_of(), (), account="a")
    ledger.publish(second, summary_of(), (), account="a")

    with pytest.raises(LedgerError, match="'november' has payments of another API key"):
        other.publish(second, summary_of(matched(1)), [matched(1)], account="b")
    with pytest.raises(LedgerError, match="another API key"):
        other.check_account("b")

    other.check_account("a")
    assert not list(ledger.findings())
    open_ledger("december").check_account("b")


@pytest.mark.parametrize("moment", ["_published", "_usage", "_summaries"])
def test_summary_is_of_one_moment(
    open_ledger: OpenLedger, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    ledger, other = open_ledger("november"), open_ledger("november")
    ledger.claim(PLAN)
    first, second, *rest = PLAN
    publish(ledger, first, matched(1))
    # Joined: the order of the first partition has considered this payment.
    publish(ledger, second, orphan(*matched(1).payments))
    read: Callable[[], Any] = getattr(ledger, moment)

    def read_before_the_run_ends() -> Any:
        result = read()
        result = list(result) if moment == "_summaries" else result
        for partition in (second, *rest):
            publish(other, partition)
        return result

    before = ledger.summary()
    with monkeypatch.context() as patched:
        patched.setattr(ledger, moment, read_before_the_run_ends)
        assert ledger.summary() == before
    after = ledger.summary()

    assert (before.counts[Verdict.MATCHED], before.counts[Verdict.ORPHAN]) == (1, 0)
    assert (before.ended_at, after.ended_at) == (None, FIRST + DAY)


def test_failed_publish_changes_nothing(ledger: Ledger) -> None:
    ledger.claim(PLAN)
    first, *_ = PLAN
    summary = publish(ledger, first, matched(1))

    def broken() -> list[Finding]:
        raise OSError("the temporary folder is gone")

    with pytest.raises(OSError, match="temporary folder"):
        ledger.publish(first, summary_of(), (finding for _ in "a" for finding in broken()))

    assert list(ledger.findings()) == [matched(1)]
    assert ledger.summary_of(first) == summary


def test_runs_of_a_ledger_are_separate(open_ledger: OpenLedger) -> None:
    november, december = open_ledger("november"), open_ledger("december")
    first, *_ = PLAN
    for ledger in (november, december):
        ledger.claim(PLAN)
    publish(november, first, matched(1))

    assert december.summary_of(first) is None
    assert list(december.findings()) == []
    assert len(list(november.findings())) == 1


def test_ledger_that_is_opened_again_has_all(open_ledger: OpenLedger) -> None:
    first, *_ = PLAN
    with open_ledger("november") as ledger:
        ledger.claim(PLAN)
        publish(ledger, first, matched(1))

    again = open_ledger("november")

    assert again.run == "november"
    assert again.plan() == PLAN
    assert list(again.findings()) == [matched(1)]


@pytest.mark.parametrize(
    ("other", "difference"),
    [
        (replace(PLAN, tiers=("A01", "C03")), r"its Tiers were 2 and are now 2 \(new: C03; miss"),
        (replace(PLAN, until=FIRST + DAY), "its period was 2026-11-01T00:00:00.00:00 until"),
        (replace(PLAN, every=DAY / 2), "partitions were 1 day, 0:00:00 long and are now 12:00"),
        (replace(PLAN, margin=DAY), "its margin was 0:00:00 and is now 1 day"),
        (replace(PLAN, statuses=("paid",)), "statuses were cancelled paid and are now paid"),
    ],
    ids=["tiers", "period", "every", "margin", "statuses"],
)
def test_run_refuses_another_plan(ledger: Ledger, other: Plan, difference: str) -> None:
    ledger.claim(PLAN)
    ledger.claim(replace(PLAN, tiers=("B02", "A01")))

    with pytest.raises(LedgerError, match=f"'november' has another plan: .*{difference}"):
        ledger.claim(other)

    assert ledger.plan() == PLAN


def test_partition_of_another_plan_is_refused(ledger: Ledger) -> None:
    (stranger,) = plan(["C03"], since=FIRST, until=FIRST + DAY, margin=timedelta(0))

    with pytest.raises(LedgerError, match="no plan yet"):
        publish(ledger, stranger)
    ledger.claim(PLAN)
    with pytest.raises(LedgerError, match="'C03/2026-11-01' is not one of the plan"):
        publish(ledger, stranger)


def test_misspelt_verdict_is_refused_before_the_first_finding(ledger: Ledger) -> None:
    ledger.claim(PLAN)

    with pytest.raises(InvalidRequestError, match="must be spelled 'missing'"):
        ledger.findings("MISSING")
