"""The figures of the report: amounts, sums, time buckets, the statement."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from portone_async.cli.report.bucket import Bucket
from portone_async.cli.report.messages import messages
from portone_async.cli.report.money import discrepancy, format_amount, in_question, summary_amounts
from portone_async.cli.report.page.figures import Figures
from portone_async.cli.report.page.tally import Tally
from portone_async.cli.report.page.time_buckets import Unit, bucket_starts, choose_unit
from portone_async.cli.report.run_facts import Period
from portone_async.cli.report.statement import sort_currencies, statement
from portone_async.reconcile import Bridge, Finding, PaymentSnapshot, Verdict, bridges
from portone_async.reconcile.bridges import entries
from portone_async.reconcile.money import Sums, add_to
from tests.support.report_run import KST, NOON, PERIOD, day, finding, order, snapshot, summary_of

AMOUNTS = st.decimals(min_value=0, max_value=10**30, allow_nan=False, places=4)


def tally_of(
    findings: list[Finding], *, period: Period | None = PERIOD, max_rows: int = 100
) -> Tally:
    tally = Tally(zone=KST, period=period, max_rows=max_rows)
    for item in findings:
        tally.add(item)
    return tally


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        ("1234567", "1,234,567"),
        ("1234.50", "1,234.50"),
        ("-100", "-100"),
        ("1E+3", "1,000"),
        ("0.00000001", "0.00000001"),
        ("1E+999999", "1E+999999"),
        ("NaN", "NaN"),
        ("99999999999999999999.99", "99,999,999,999,999,999,999.99"),
    ],
)
def test_amount_is_formatted_with_all_its_digits(amount: str, text: str) -> None:
    assert format_amount(Decimal(amount)) == text


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("20.5", "USD", "20.50"),
        ("15", "USD", "15.00"),
        ("1234.125", "USD", "1,234.125"),
        ("0", "EUR", "0.00"),
        ("15000", "KRW", "15,000"),
        ("15", "", "15"),
        ("NaN", "USD", "NaN"),
    ],
)
def test_amount_of_a_currency_with_cents_has_two_decimals(
    amount: str, currency: str, text: str
) -> None:
    assert format_amount(Decimal(amount), currency) == text


def test_unreadable_rows_do_not_count_as_orders() -> None:
    row = finding("", Verdict.NOT_CHECKED, None, error="orders.csv:7: no amount")
    payment = finding("gone", Verdict.NOT_CHECKED, None, snapshot("gone"), error="ServerError: 503")
    findings = [finding("a", Verdict.MATCHED, order("a"), snapshot("a")), row, payment]
    figures = Figures(summary_of(findings), tally_of(findings))

    assert (figures.orders, figures.unreadable, figures.unchecked) == (1, 1, 2)
    assert figures.matched_percent == "100.00"


def test_note_of_the_charts_names_the_parts_of_money_in_question() -> None:
    parts = {"short": 1, "over": 20, "unknown": 300, "unassigned": 4000}
    bridge = Bridge(
        missing=Decimal(1), orphans=Decimal(20), not_checked=Decimal(300), unassigned=Decimal(4000)
    )

    assert in_question(bridge) == sum(parts.values())
    assert all(part in messages("en")["charts.note"] for part in parts)
    assert all(
        messages("ko")[f"bridge.{part}"].partition("(")[0] in messages("ko")["charts.note"]
        for part in parts
    )


@given(st.lists(AMOUNTS, min_size=1))
def test_sum_of_amounts_is_exact(amounts: list[Decimal]) -> None:
    sums: Sums = {}
    for amount in amounts:
        add_to(sums, "KRW", amount)

    assert Fraction(sums["KRW"]) == sum(map(Fraction, amounts))


@pytest.mark.parametrize(
    ("uid", "expected"),
    [
        ("gone", ("KRW", "-1234567")),
        ("less", ("KRW", "-100")),
        ("dollar", ("USD", "0.01")),
        ("coin", None),
        ("unpaid", ("KRW", "-70000")),
        ("part", ("KRW", "-4000")),
        ("twice", ("KRW", "41900")),
        ("test", ("KRW", "-300")),
        ("orphan", ("KRW", "2000")),
        ("unknown", None),
    ],
)
def test_discrepancy_is_charged_less_due(uid: str, expected: tuple[str, str] | None) -> None:
    tested = next(candidate for candidate in day() if candidate.merchant_uid == uid)

    assert discrepancy(tested, entries(tested)) == (
        expected and (expected[0], Decimal(expected[1]))
    )


def test_cancelled_order_has_no_money_due() -> None:
    payment = snapshot("a", "500", status="cancelled", cancelled="200")
    cancelled = finding("a", Verdict.STATUS_DIFFERS, order("a", "500", status="cancelled"), payment)

    assert discrepancy(cancelled, entries(cancelled)) == ("KRW", Decimal(300))


def test_orphan_counts_the_amounts_of_its_payments() -> None:
    payments: tuple[PaymentSnapshot, ...] = (snapshot("a", "5"), snapshot("a", "7", currency=None))

    assert summary_amounts(finding("a", Verdict.ORPHAN, None, *payments)) == {
        "KRW": Decimal(5),
        "": Decimal(7),
    }


def test_time_buckets_add_up_to_the_bridge() -> None:
    tally = tally_of(day())
    total = Bucket()
    for bucket in (*tally.hours.values(), tally.outside_period, tally.without_time):
        total.merge(bucket)

    assert (total.findings, total.differences) == (len(day()), len(day(matched=0)))
    assert total.bridges() == tally.total().bridges() == bridges(day())


def test_payment_counts_in_its_hour_of_the_time_zone() -> None:
    minutes = (0, 59, 60, 11 * 60 + 59)
    tally = tally_of(
        [
            finding("a", Verdict.MATCHED, order("a"), snapshot("a", paid_at=NOON + after))
            for after in (timedelta(minutes=minute) for minute in minutes)
        ]
    )

    findings = {hour.isoformat(): bucket.findings for hour, bucket in tally.hours.items()}
    assert findings == {
        "2026-11-01T12:00:00": 2,
        "2026-11-01T13:00:00": 1,
        "2026-11-01T23:00:00": 1,
    }


@pytest.mark.parametrize(
    ("paid_at", "is_outside"),
    [
        (PERIOD[0], False),
        (PERIOD[1] - timedelta(seconds=1), False),
        (PERIOD[0] - timedelta(seconds=1), True),
        (PERIOD[1], True),
    ],
)
def test_period_includes_its_start_and_excludes_its_end(
    paid_at: datetime, is_outside: bool
) -> None:
    tally = tally_of([finding("a", Verdict.MATCHED, order("a"), snapshot("a", paid_at=paid_at))])

    assert tally.outside_period.findings == is_outside
    assert len(tally.hours) == (not is_outside)


def test_findings_without_a_representable_time_are_counted() -> None:
    last = datetime.max.replace(tzinfo=UTC)
    tally = tally_of(
        [
            finding("a", Verdict.MISSING, order("a")),
            finding("b", Verdict.MATCHED, order("b"), snapshot("b", paid_at=last)),
        ]
    )

    assert tally.without_time.findings == 2


def test_rows_are_of_differences_only_and_limited_in_number() -> None:
    tally = tally_of(day(matched=5), max_rows=3)

    assert len(tally.table.rows) == 3
    assert tally.total().differences == len(day(matched=0))


def test_tally_disagrees_with_the_summary_of_other_findings() -> None:
    findings = day()

    assert tally_of(findings).agrees_with(summary_of(findings))
    assert not tally_of(findings[:-1]).agrees_with(summary_of(findings))
    richer = finding("gone", Verdict.MISSING, order("gone", "1234568"))
    changed = [richer if item.merchant_uid == "gone" else item for item in findings]
    assert not tally_of(changed).agrees_with(summary_of(findings))


def test_tally_disagrees_with_the_bridge_of_other_findings() -> None:
    summary = summary_of(day())
    other = replace(summary, bridge=bridges(day()[1:]))

    assert not tally_of(day()).agrees_with(other)
    assert tally_of(day()).agrees_with(replace(summary, bridge={}))


def test_statement_has_every_line_with_its_sign() -> None:
    amounts = {line.key: line.amounts for line in statement(bridges(day(matched=0)))}

    assert set(amounts) == {*Bridge.__struct_fields__, "due", "short", "unknown", "over"}
    assert amounts["due"] == ["1,539,477", "19.99"]
    assert amounts["short"] == ["-1,310,067", ""]
    assert amounts["over"] == ["+43,900", "+0.01"]
    assert amounts["matched"] == ["228,900", "19.99"]
    assert amounts["charged"] == ["272,800", "520.00"]


@given(AMOUNTS.filter(bool))
def test_statement_deducts_an_amount_exactly(amount: Decimal) -> None:
    (line,) = (line for line in statement({"KRW": Bridge(missing=amount)}) if line.key == "missing")

    assert Fraction(line.amounts[0].replace(",", "")) == -Fraction(amount)


def test_won_is_sorted_before_other_currencies() -> None:
    assert sort_currencies({"USD", "KRW", "", "EUR"}) == ["KRW", "", "EUR", "USD"]


CLOCKS = st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2999, 1, 1))  # noqa: DTZ001


@given(
    st.sampled_from([Unit.HOUR, Unit.DAY, Unit.MONTH]),
    CLOCKS,
    st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=40)),
)
def test_time_buckets_have_no_gaps(unit: Unit, first: datetime, length: timedelta) -> None:
    begins = bucket_starts(unit, {unit.start(first), unit.start(first + length)})

    assert begins[0] <= first
    assert begins[-1] <= first + length < unit.next_start(begins[-1])
    assert [unit.next_start(begin) for begin in begins[:-1]] == begins[1:]
    assert all(unit.start(begin) == begin for begin in begins)


@given(CLOCKS, st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=5 * 366)))
def test_chart_has_at_most_94_columns(first: datetime, length: timedelta) -> None:
    unit = choose_unit(first, first + length)

    assert len(bucket_starts(unit, {unit.start(first), unit.start(first + length)})) <= 94


def test_distant_year_adds_no_empty_years() -> None:
    assert len(bucket_starts(Unit.YEAR, {datetime(1, 1, 1), datetime(9999, 1, 1)})) == 2  # noqa: DTZ001


def test_finding_counts_at_the_time_of_its_newest_paid_payment() -> None:
    unpaid = snapshot("a", status="ready", paid_at=None)
    tally = tally_of([finding("a", Verdict.MATCHED, order("a"), unpaid, snapshot("a"))])

    assert tally.without_time.findings == 0
    assert NOON.astimezone(KST).replace(tzinfo=None) in tally.hours
