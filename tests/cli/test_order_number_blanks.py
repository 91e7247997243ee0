"""Blanks around order numbers: removed, unless that would make one order into another."""

from __future__ import annotations

import json
import sqlite3
import tempfile
import tracemalloc
from contextlib import closing
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.cli.orders import BadRow, Item, Note, read_orders
from portone_async.cli.orders.readers import encoding
from portone_async.reconcile.finding import Order, Refund


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(*numbers: str) -> list[Item]:
    """Read a file of orders with these numbers; the amount is the place in the file."""
    lines = [json.dumps({"order_id": each, "total": place}) for place, each in enumerate(numbers)]
    Path("orders.jsonl").write_text("\n".join(lines), encoding="utf-8")
    return list(read_orders("orders.jsonl"))


def numbers(items: list[Item]) -> list[str]:
    return [each.merchant_uid for each in items if isinstance(each, Order)]


def notes(items: list[Item]) -> list[str]:
    return [each.text for each in items if isinstance(each, Note)]


@pytest.mark.parametrize(
    "number",
    ["\tA-1", "A-1\t", " A-1  ", "\xa0A-1", "A-1\u3000", "\u200bA-1", "\ufeffA-1", "A-1\r\n"],
)
def test_blank_around_an_order_number_is_removed_and_noted(number: str) -> None:
    found = read("B-1", number)

    assert numbers(found) == ["B-1", "A-1"]
    assert notes(found) == ["blanks or tabs around 1 order numbers were removed"]


def test_blank_is_kept_where_the_number_without_it_is_another_order() -> None:
    for sequence in (["A-1 ", "B-1 ", "A-1"], ["A-1", "A-1 ", "B-1 "]):
        found = read(*sequence)

        assert sorted(numbers(found)) == ["A-1", "A-1 ", "B-1"]
        assert notes(found) == [
            "blanks or tabs around 1 order numbers were removed",
            "blanks around 1 order numbers were kept: without them they are other orders",
        ]


def test_tab_is_removed_even_where_the_number_is_there_without_it() -> None:
    # No order number has a tab, so it is the same order twice: the store says so.
    found = read("A-1", "\tA-1")

    assert found[:2] == [Order("A-1", Decimal(0)), Order("A-1", Decimal(1))]


def test_blank_inside_an_order_number_stays() -> None:
    assert read("A 1", "A\u30001") == [Order("A 1", Decimal(0)), Order("A\u30001", Decimal(1))]


@pytest.mark.parametrize("number", [" ", "\t", "\u200b", "\ufeff\u3000", " . ", "\t..\t"])
def test_number_of_blanks_only_is_unreadable(number: str) -> None:
    (row,) = read(number)

    assert isinstance(row, BadRow)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["", " ", "\t", "\u3000", "\xa0 "]), st.sampled_from(["A", "B", "C"])
        ),
        min_size=1,
        max_size=8,
    )
)
def test_only_the_number_of_no_other_order_is_trimmed(parts: list[tuple[str, str]]) -> None:
    with_blanks = [blank + number for blank, number in parts]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "orders.jsonl")
        lines = [
            json.dumps({"order_id": each, "total": place}) for place, each in enumerate(with_blanks)
        ]
        path.write_text("\n".join(lines), encoding="utf-8")
        found = {
            int(each.amount): each.merchant_uid
            for each in read_orders(str(path))
            if isinstance(each, Order)
        }

    plain = {number for blank, number in parts if not blank}
    assert [found[place] for place in range(len(parts))] == [
        blank + number if "\t" not in blank and number in plain else number
        for blank, number in parts
    ]


@pytest.mark.parametrize(
    ("numbers", "refunded"),
    [
        (["A-1", "-A-1 "], "A-1"),
        (["A-1 ", "-A-1"], "A-1"),
        (["A-1 ", "-A-1 "], "A-1"),
        (["A-1", "A-1 ", "-A-1 "], "A-1 "),
        (["-A-1 ", "A-1 ", "A-1"], "A-1 "),
        (["A-1", "-\tA-1"], "A-1"),
    ],
)
def test_refund_has_the_number_of_its_order(numbers: list[str], refunded: str) -> None:
    lines = [f"{each.removeprefix('-')},{'-' if each[0] == '-' else ''}1000" for each in numbers]
    Path("orders.csv").write_text("order_id,total\n" + "\n".join(lines), encoding="utf-8")

    (refund,) = [each for each in read_orders("orders.csv") if isinstance(each, Refund)]

    assert refund.merchant_uid == refunded


def test_numbers_that_a_database_fills_with_blanks_are_trimmed() -> None:
    with closing(sqlite3.connect("orders.db")) as database:
        database.execute("CREATE TABLE orders (order_no TEXT, total INTEGER)")
        database.execute("INSERT INTO orders VALUES ('A-1     ', 1000), ('A-22    ', 500)")
        database.commit()

    found = list(read_orders("orders.db", query="SELECT * FROM orders"))

    assert numbers(found) == ["A-1", "A-22"]


def test_memory_does_not_grow_with_the_numbers_that_have_blanks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = "".join(f"A-{number} ,1000\n" for number in range(20_000))
    Path("orders.csv").write_text("order_id,total\n" + lines, encoding="utf-8")
    monkeypatch.setattr(encoding, "_CHUNK", 10_000)
    tracemalloc.start()
    try:
        count = sum(isinstance(each, Order) for each in read_orders("orders.csv"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert count == 20_000
    assert peak < 500_000
