"""Test that merged totals are exact, and those of one run over all findings."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from portone_async.reconcile import AssumedEmpty, Finding, Order, Summary, Verdict, compare, merge
from portone_async.reconcile.ledgers._totals import Totals
from tests.support.stored import snapshot

FIRST = datetime(2026, 11, 1, tzinfo=UTC)
NOTHING = Summary(counts=dict.fromkeys(Verdict, 0), amounts={}, requests=0, retries=0, seconds=0.0)

AMOUNTS = st.decimals(0, 10**30, allow_nan=False, allow_infinity=False, places=2)
CURRENCIES = st.sampled_from(["KRW", "USD"])
FINDINGS = st.builds(
    compare,
    st.none() | st.builds(Order, st.just("order-1"), AMOUNTS, CURRENCIES),
    st.lists(
        st.builds(
            snapshot, st.sampled_from(["imp_1", "imp_2"]), amount=AMOUNTS, currency=CURRENCIES
        ),
        min_size=1,
        max_size=2,
    ),
)


def totals(*findings: Finding) -> Summary:
    result = Totals(NOTHING)
    for finding in findings:
        result.add(finding)
    return result.summary()


@given(st.lists(FINDINGS, max_size=6), st.integers(0, 6))
def test_merged_parts_equal_the_whole(findings: list[Finding], cut: int) -> None:
    whole = totals(*findings)

    merged = merge([totals(*findings[:cut]), totals(*findings[cut:])])

    assert merged == whole


@given(st.lists(FINDINGS, max_size=3), st.lists(FINDINGS, max_size=3))
def test_findings_can_be_removed_from_totals(stay: list[Finding], leave: list[Finding]) -> None:
    result = Totals(totals(*stay, *leave))

    for finding in leave:
        result.remove(finding)

    assert result.summary() == totals(*stay)


def test_merged_usage_is_the_sum_of_all_runs() -> None:
    first = replace(NOTHING, requests=3, retries=1, seconds=1.5, started_at=FIRST, ended_at=FIRST)
    second = replace(first, started_at=FIRST + timedelta(1), ended_at=FIRST + timedelta(2))

    merged = merge(iter([second, first]))

    assert (merged.requests, merged.retries, merged.seconds) == (6, 2, 3.0)
    assert (merged.started_at, merged.ended_at) == (FIRST, FIRST + timedelta(2))
    assert merge([first, replace(second, ended_at=None)]).ended_at is None


def test_merged_sums_are_not_rounded() -> None:
    huge, small = Decimal(10) ** 40, Decimal("0.01")
    parts = [replace(NOTHING, amounts={Verdict.MATCHED: {"KRW": each}}) for each in (huge, small)]

    assert merge(parts).amounts == {Verdict.MATCHED: {"KRW": Decimal(f"1{'0' * 40}.01")}}


def test_period_that_two_tiers_refused_is_listed_once() -> None:
    periods = [AssumedEmpty("paid", FIRST + timedelta(day), FIRST + timedelta(9)) for day in (1, 0)]
    part = replace(NOTHING, assumed_empty=tuple(periods))

    assert merge([part, part]).assumed_empty == tuple(periods[::-1])


def test_nothing_merges_to_nothing() -> None:
    assert merge([]) == NOTHING
