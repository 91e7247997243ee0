"""Blanks around order numbers are removed, unless that would change the order."""

from __future__ import annotations

import json
import tempfile
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.cli.orders import BadRow, Item, read_orders
from portone_async.cli.orders.readers import encoding
from portone_async.reconcile import Order, Refund
from tests.support.order_files import notes, order, order_numbers_of, read, write_sqlite


def read_numbers(*numbers: str) -> list[Item]:
    """Read orders with these numbers; the amount is the index."""
    lines = [json.dumps({"order_id": uid, "total": index}) for index, uid in enumerate(numbers)]
    return read("\n".join(lines), "orders.jsonl")


@pytest.mark.parametrize(
    "number",
    ["\tA-1", "A-1\t", " A-1  ", "\xa0A-1", "A-1\u3000", "\u200bA-1", "\ufeffA-1", "A-1\r\n"],
)
def test_blank_around_an_order_number_is_removed_and_noted(number: str) -> None:
    items = read_numbers("B-1", number)

    assert order_numbers_of(items) == ["B-1", "A-1"]
    assert notes(items) == ["blanks or tabs around 1 order numbers were removed"]


def test_blank_is_kept_if_the_number_without_it_is_another_order() -> None:
    for sequence in (["A-1 ", "B-1 ", "A-1"], ["A-1", "A-1 ", "B-1 "]):
        items = read_numbers(*sequence)

        assert sorted(order_numbers_of(items)) == ["A-1", "A-1 ", "B-1"]
        assert notes(items) == [
            "blanks or tabs around 1 order numbers were removed",
            "blanks around 1 order numbers were kept: without them they are other orders",
        ]


def test_tab_is_always_removed() -> None:
    # An order number cannot contain a tab, so this is the same order twice.
    items = read_numbers("A-1", "\tA-1")

    assert items[:2] == [order("A-1", 0), order("A-1", 1)]


def test_blank_inside_an_order_number_is_kept() -> None:
    assert read_numbers("A 1", "A\u30001") == [
        order("A 1", 0),
        order("A\u30001", 1),
    ]


@pytest.mark.parametrize("number", [" ", "\t", "\u200b", "\ufeff\u3000", " . ", "\t..\t"])
def test_number_of_only_blanks_is_a_bad_row(number: str) -> None:
    (row,) = read_numbers(number)

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
def test_numbers_are_trimmed_unless_another_order_has_the_result(
    parts: list[tuple[str, str]],
) -> None:
    with_blanks = [blank + number for blank, number in parts]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "orders.jsonl")
        lines = [
            json.dumps({"order_id": uid, "total": index}) for index, uid in enumerate(with_blanks)
        ]
        path.write_text("\n".join(lines), encoding="utf-8")
        number_of = {
            int(item.amount): item.merchant_uid
            for item in read_orders(str(path))
            if isinstance(item, Order)
        }

    plain = {number for blank, number in parts if not blank}
    assert [number_of[index] for index in range(len(parts))] == [
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
    lines = [f"{uid.removeprefix('-')},{'-' if uid[0] == '-' else ''}1000" for uid in numbers]
    items = read("order_id,total\n" + "\n".join(lines))

    (refund,) = [item for item in items if isinstance(item, Refund)]

    assert refund.merchant_uid == refunded


@pytest.mark.parametrize(
    ("rows", "sales", "refunded"),
    [
        ("R-1,10000\n R-1,-3000\n", ["R-1"], "R-1"),
        (" R-1,10000\nR-1,-3000\n", ["R-1"], "R-1"),
        ("R-1,10000\n R-1,10000\n R-1,-3000\n", ["R-1", " R-1"], " R-1"),
        ("R-1,10000\n R-1,10000\nR-1,-3000\n", ["R-1", " R-1"], "R-1"),
    ],
)
def test_refund_with_blanks_belongs_to_the_order_of_its_number(
    rows: str, sales: list[str], refunded: str
) -> None:
    items = read(f"주문번호,결제금액\n{rows}")

    assert [item.merchant_uid for item in items if isinstance(item, Order)] == sales
    assert [item.merchant_uid for item in items if isinstance(item, Refund)] == [refunded]


def test_numbers_padded_by_a_database_are_trimmed() -> None:
    write_sqlite(
        "CREATE TABLE orders (order_no TEXT, total INTEGER)",
        "INSERT INTO orders VALUES ('A-1     ', 1000), ('A-22    ', 500)",
    )

    items = list(read_orders("orders.db", query="SELECT * FROM orders"))

    assert order_numbers_of(items) == ["A-1", "A-22"]


@pytest.mark.slow
def test_memory_does_not_grow_with_numbers_with_blanks(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lines = "".join(f"A-{number} ,1000\n" for number in range(2_000))
    Path("orders.csv").write_text("order_id,total\n" + lines, encoding="utf-8")
    monkeypatch.setattr(encoding, "_CHUNK", 10_000)
    tracemalloc.start()
    try:
        count = sum(isinstance(item, Order) for item in read_orders("orders.csv"))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert count == 2_000
    # A list of 2,000 orders takes 900,000 bytes.
    assert peak < 300_000
