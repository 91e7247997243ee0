"""A sale with the status 부분취소 is an order where refund rows say how much was refunded."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.cli.orders import BadRow, Item, Note, read_orders
from portone_async.reconcile import Order, Refund

SALE = Order("A-1", Decimal(10_000), status="cancelled")
REASON = (
    "status is partially refunded, but no column has the refunded amount: name it with "
    "--columns cancelled_amount=COLUMN"
)


@pytest.fixture(autouse=True)
def _in_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def read(*rows: str) -> list[Item]:
    content = "\n".join(("주문번호,결제금액,상태", *rows))
    Path("orders.csv").write_text(content, encoding="utf-8")
    return list(read_orders("orders.csv"))


def refund(line: int, amount: int = 3000) -> Refund:
    return Refund("A-1", Decimal(amount), "KRW", f"orders.csv:{line}")


def test_refund_rows_before_and_after_complete_the_sale() -> None:
    rows = "A-1,-3000,부분취소", "A-1,10000,부분취소", "A-1,-500,부분환불"

    assert read(*rows) == [refund(2), refund(4, 500), SALE]


def test_sale_without_refund_rows_is_unreadable() -> None:
    assert read("A-1,10000,부분취소", "A-2,-3000,취소") == [
        Refund("A-2", Decimal(3000), "KRW", "orders.csv:3"),
        BadRow("orders.csv:2", REASON, "A-1"),
    ]


def test_blanks_around_either_number_do_not_matter() -> None:
    items = read("A-1 ,10000,부분취소", "\tA-1,-3000,취소")

    assert (items[0], items[-1]) == (refund(3), SALE)


def test_sale_that_waits_counts_for_the_total() -> None:
    rows = "A-1,10000,부분취소", "A-1,-3000,취소", "A-2,500,결제완료", ",7500,결제완료"
    text = "a total row, not an order: the sum of all others"

    assert read(*rows)[-1] == Note("orders.csv:5", text)


@given(sequence=st.permutations(["A-1,10000,부분취소", "A-1,-3000,취소", "B,1,결제", "C,2,결제"]))
def test_sequence_of_rows_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, sequence: list[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("orders"))
        items = read(*sequence)

    assert SALE in items
    assert not any(isinstance(each, BadRow) for each in items)
