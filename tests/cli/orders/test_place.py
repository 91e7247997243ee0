"""The Tier and the time of an order are read from columns, if partitions need them."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pytest

from portone_async.cli.orders import BadRow, Columns, Item, Note, OrdersError, read_orders
from portone_async.cli.orders.items import Place, PlacedOrder, PlacedRefund
from portone_async.reconcile.finding import Order

PLACED = Columns(tier=None, ordered_at=None)
FIRST = datetime(2026, 11, 1)  # noqa: DTZ001 (as it stands in the file)
SECOND = datetime(2026, 11, 2)  # noqa: DTZ001 (the same)


def read(folder: Path, text: str, columns: Columns = PLACED) -> list[Item]:
    path = folder / "orders.csv"
    path.write_text(text, encoding="utf-8")
    items = read_orders(str(path), columns=columns)
    return [item for item in items if not isinstance(item, Note)]


@pytest.mark.parametrize(
    "header",
    [
        "merchant_uid,amount,tier,ordered_at",
        "Order No,Amount,Tier Code,Order Date",
        "주문번호,결제금액,하위가맹점 코드,주문일시",
        "주문번호,결제금액,하위상점,주문일자",
    ],
)
def test_columns_are_found_by_their_usual_names(tmp_path: Path, header: str) -> None:
    items = read(tmp_path, f"{header}\na,1000,A01,2026-11-01\na,1000,,2026-11-02\n")

    assert items == [
        PlacedOrder("a", Decimal(1000), place=Place("A01", FIRST)),
        PlacedOrder("a", Decimal(1000), place=Place(None, SECOND)),
    ]


def test_columns_are_not_read_unless_partitions_need_them(tmp_path: Path) -> None:
    # Two columns look like ordered_at.
    text = "주문번호,금액,티어,주문일자,주문시간\na,1000,?,2026-11-01,09:00\n"

    assert read(tmp_path, text, Columns()) == [Order("a", Decimal(1000))]
    with pytest.raises(OrdersError, match="ordered_at could be any of '주문일자', '주문시간'"):
        read(tmp_path, text)


@pytest.mark.parametrize("missing", ["tier", "ordered_at"])
def test_missing_column_is_an_error(tmp_path: Path, missing: str) -> None:
    names = [name for name in ("merchant_uid", "amount", "tier", "ordered_at") if name != missing]

    with pytest.raises(OrdersError, match=f"no column looks like {missing}: name it"):
        read(tmp_path, ",".join(names) + "\na,1000,x\n")


def test_bad_row_has_what_can_be_read_of_its_place(tmp_path: Path) -> None:
    rows = [
        "merchant_uid,amount,tier,ordered_at",
        "a,x,A01,2026-11-01",
        "b,1000,A01,soon",
        "c,1000,A 01,2026-11-01",
        ",1000,A01,2026-11-01",
    ]

    source = tmp_path / "orders.csv"

    assert read(tmp_path, "\n".join(rows)) == [
        BadRow(f"{source}:2", "amount is not a plain number: 'x'", "", Place("A01", FIRST)),
        BadRow(
            f"{source}:3",
            "ordered_at is not a time like 2026-11-01 09:00: 'soon'",
            "b",
            Place("A01"),
        ),
        BadRow(f"{source}:4", "tier is not a code like 'A01': 'A 01'", "c"),
        BadRow(f"{source}:5", "merchant_uid is empty", "", Place("A01", FIRST)),
    ]


def test_equal_numbers_of_two_tiers_are_two_orders(tmp_path: Path) -> None:
    rows = [
        "merchant_uid,amount,status,tier,ordered_at",
        "sold,1000,부분취소,A01,2026-11-01",
        "sold,1000,부분취소,B02,2026-11-01",
        "sold,-400,,A01,2026-11-02",
        "blank ,1000,결제완료,A01,2026-11-01",
        "blank,1000,결제완료,B02,2026-11-01",
    ]
    items = read(tmp_path, "\n".join(rows).replace("-400,,", "-400,취소,"))

    # The refund completes the sale of its Tier only; a blank is part of a number only if the same
    # Tier has the number without it.
    assert {(type(item), getattr(item, "merchant_uid", "")) for item in items} == {
        (PlacedOrder, "sold"),
        (PlacedRefund, "sold"),
        (BadRow, "sold"),
        (PlacedOrder, "blank"),
    }
