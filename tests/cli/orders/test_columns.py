"""The columns of a source are found by their names."""

from __future__ import annotations

import unicodedata

import pytest

from portone_async.cli.orders import Columns, OrdersError
from portone_async.cli.orders.columns import Layout, find_columns


@pytest.mark.parametrize(
    ("names", "layout"),
    [
        (["merchant_uid", "amount"], Layout(0, 1, None, None)),
        (["status", "currency", "AMOUNT", "Merchant UID"], Layout(3, 2, 1, 0)),
        (["orderId", "total"], Layout(0, 1, None, None)),
        (["order_no", "Price"], Layout(0, 1, None, None)),
        (["주문 번호", "결제금액(원)", "결제상태", "통화"], Layout(0, 1, 3, 2)),
        (["상점주문번호", "주문금액", "상태"], Layout(0, 1, None, 2, is_plain_status=True)),
        (["order_id", "merchant_uid", "amount"], Layout(1, 2, None, None)),
        (["주문번호", "주문상태", "금액"], Layout(0, 2, None, None, order_status=(1,))),
        (["주문번호", "결제상태", "주문상태", "금액"], Layout(0, 3, None, 1)),
        (["상품", "주문번호", "메모", "금액"], Layout(1, 3, None, None)),
        ([unicodedata.normalize("NFD", "주문번호"), "금액"], Layout(0, 1, None, None)),
    ],
)
def test_usual_names_are_found(names: list[str], layout: Layout) -> None:
    assert find_columns(Columns(), names) == layout


def test_named_column_wins_over_the_usual_names() -> None:
    columns = Columns(merchant_uid="번호", amount="total")

    assert find_columns(columns, ["amount", "번호", "merchant_uid", "total"]) == Layout(
        1, 3, None, None
    )


def test_exact_name_wins_over_a_similar_one() -> None:
    assert find_columns(Columns(amount="Total"), ["total", "Total", "order_id"]).amount == 1
    assert find_columns(Columns(amount="TOTAL"), ["Total", "order_id"]).amount == 0


def test_empty_name_means_no_column() -> None:
    layout = find_columns(
        Columns(currency="", status=""), ["order_id", "total", "status", "currency"]
    )

    assert layout == Layout(0, 1, None, None)


@pytest.mark.parametrize(
    ("columns", "names", "problem"),
    [
        (Columns(), ["amount"], "no column looks like merchant_uid"),
        (Columns(), ["order_id"], "no column looks like amount"),
        (Columns(), ["order_id", "order_no", "total"], "merchant_uid could be any of 'order_id', "),
        (
            Columns(),
            ["order_id", "금액", "total"],
            "amount could be any of '금액', 'total': name it",
        ),
        (
            Columns(),
            ["order_id", "total", "total"],
            "amount could be any of 'total', 'total': name it",
        ),
        (Columns(), ["order_id", "total", "상태", "status"], "status could be any of"),
        (Columns(amount="결제"), ["order_id", "total"], "there is no column '결제' for amount"),
        (Columns(status="s"), ["order_id", "total"], "there is no column 's' for status"),
        (Columns(amount="T"), ["order_id", "t", "t "], "amount could be any of 't', 't '"),
        (Columns(merchant_uid=""), ["id", "total"], "no column looks like merchant_uid"),
    ],
)
def test_missing_or_ambiguous_column_is_an_error(
    columns: Columns, names: list[str], problem: str
) -> None:
    with pytest.raises(OrdersError) as caught:
        find_columns(columns, names)

    assert str(caught.value).startswith(problem)
    assert str(caught.value).endswith("columns found: " + ", ".join(map(repr, names)))


def test_error_escapes_and_limits_the_list_of_columns() -> None:
    with pytest.raises(OrdersError) as caught:
        find_columns(Columns(), ["\x1b[31m", *(f"c{number}" for number in range(99))])

    assert "'\\x1b[31m', 'c0', " in str(caught.value)
    assert str(caught.value).endswith("'c38' and 60 more")
