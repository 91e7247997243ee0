"""Test the insertion of many rows."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from operator import itemgetter

from hypothesis import given
from hypothesis import strategies as st

from portone_async.reconcile._store.insert import Table, insert, insert_sharing

Row = tuple[int, str, str | None, int]

TABLE: Table[Row] = Table("t (a, b, c, d)", itemgetter(slice(2)), itemgetter(slice(2, None)))
rows = st.lists(
    st.tuples(
        st.integers(0, 400),
        st.text(st.characters(codec="utf-8"), max_size=3),
        st.sampled_from(["KRW", "KRW", "USD", None]),
        st.sampled_from([0, 0, 0, 1]),
    ),
    max_size=350,
)


@given(rows)
def test_rows_that_share_values_are_inserted_whole(rows: list[Row]) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (a, b, c, d)")
        insert_sharing(connection, TABLE, rows)
        stored = connection.execute("SELECT * FROM t").fetchall()
    assert sorted(stored, key=str) == sorted(rows, key=str)


@given(rows)
def test_rows_are_inserted_in_their_sequence_and_counted(rows: list[Row]) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute("CREATE TABLE t (a UNIQUE, b, c, d)")
        count = insert(connection, TABLE.name, rows, otherwise="ON CONFLICT (a) DO NOTHING")
        stored = connection.execute("SELECT * FROM t ORDER BY rowid").fetchall()
    first: dict[int, Row] = {}
    for row in rows:
        first.setdefault(row[0], row)
    assert stored == [*first.values()]
    assert count == len(first)
