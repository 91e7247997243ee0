"""The rows of the table: limited in number, with an equal share for each verdict."""

from __future__ import annotations

from collections.abc import Iterable

from hypothesis import given
from hypothesis import strategies as st

from portone_async.cli.report.page.limited_rows import LimitedRows
from portone_async.reconcile import Verdict


def rows_of(verdicts: Iterable[Verdict], limit: int) -> LimitedRows:
    table = LimitedRows(limit)
    for number, verdict in enumerate(verdicts):
        if table.has_room(verdict):
            table.add(verdict, f"{verdict} {number:03}")
    return table


some_verdicts = st.lists(st.sampled_from(list(Verdict)[:4]), max_size=60)


@given(some_verdicts, st.integers(0, 20))
def test_table_is_full_unless_all_rows_fit(verdicts: list[Verdict], limit: int) -> None:
    table = rows_of(verdicts, limit)

    assert len(table) == len(table.rows) == min(limit, len(verdicts))


@given(some_verdicts, st.integers(0, 20))
def test_table_has_the_first_rows_of_each_verdict(verdicts: list[Verdict], limit: int) -> None:
    table = rows_of(verdicts, limit)
    rows = list(table.rows)

    assert rows == sorted(rows, key=lambda row: row.split()[1])
    for verdict in Verdict:
        numbers = [number for number, other in enumerate(verdicts) if other is verdict]
        expected = [f"{verdict} {number:03}" for number in numbers[: table.count(verdict)]]
        assert [row for row in rows if row.split()[0] == verdict] == expected


@given(some_verdicts, st.integers(0, 20))
def test_cut_verdict_has_no_smaller_share_than_others(verdicts: list[Verdict], limit: int) -> None:
    table = rows_of(verdicts, limit)
    largest = max(map(table.count, Verdict))

    for verdict in set(verdicts):
        if table.count(verdict) < verdicts.count(verdict):
            assert table.count(verdict) >= largest - 1
