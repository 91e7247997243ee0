"""A partly refunded sale is completed from its refund rows."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.cli.orders import BadRow, Item, Note
from portone_async.reconcile import Order, Refund
from tests.support.order_files import read

SALE = Order("A-1", Decimal(10_000), status="cancelled")
REASON = (
    "status is partially refunded, but no column has the refunded amount: name it with "
    "--columns cancelled_amount=COLUMN"
)


def read_rows(*rows: str) -> list[Item]:
    content = "\n".join(("주문번호,결제금액,상태", *rows))
    return read(content)


def refund(line: int, amount: int = 3000) -> Refund:
    return Refund("A-1", Decimal(amount), "KRW", f"orders.csv:{line}")


def test_refund_rows_before_and_after_complete_the_sale() -> None:
    rows = "A-1,-3000,부분취소", "A-1,10000,부분취소", "A-1,-500,부분환불"

    assert read_rows(*rows) == [refund(2), refund(4, 500), SALE]


def test_sale_without_refund_rows_is_a_bad_row() -> None:
    assert read_rows("A-1,10000,부분취소", "A-2,-3000,취소") == [
        Refund("A-2", Decimal(3000), "KRW", "orders.csv:3"),
        BadRow("orders.csv:2", REASON, "A-1"),
    ]


def test_blanks_around_either_number_are_ignored() -> None:
    items = read_rows("A-1 ,10000,부분취소", "\tA-1,-3000,취소")

    assert (items[0], items[-1]) == (refund(3), SALE)


def test_completed_sale_counts_for_the_total() -> None:
    rows = "A-1,10000,부분취소", "A-1,-3000,취소", "A-2,500,결제완료", ",7500,결제완료"
    text = "a total row, not an order: the sum of all others"

    assert read_rows(*rows)[-1] == Note("orders.csv:5", text)


@given(sequence=st.permutations(["A-1,10000,부분취소", "A-1,-3000,취소", "B,1,결제", "C,2,결제"]))
def test_sequence_of_rows_does_not_matter(
    tmp_path_factory: pytest.TempPathFactory, sequence: list[str]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp("orders"))
        items = read_rows(*sequence)

    assert SALE in items
    assert not any(isinstance(item, BadRow) for item in items)
