"""Findings that ``--out`` has written are given back to ``reconcile`` as orders."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.cli.orders import BadRow, Columns, Note, read_orders
from portone_async.cli.orders.cells.blanks import strip_blanks
from portone_async.cli.orders.cells.rounded import is_rounded
from portone_async.cli.orders.cells.total_labels import is_total_row
from portone_async.cli.report import write_findings
from portone_async.reconcile import Finding, Order, PaymentSnapshot, Verdict
from tests.support.strategies import order_numbers
from tests.support.workbooks import write_xlsx

SIGHTING = PaymentSnapshot(
    imp_uid="imp_1", merchant_uid="A-1", status="paid", amount=Decimal(999), currency="USD"
)
FINDINGS = [
    Finding(
        merchant_uid="A-1",
        verdict=Verdict.AMOUNT_DIFFERS,
        order=Order("A-1", Decimal("1000.50"), "USD", "paid", Decimal(5)),
        payments=(SIGHTING,),
    ),
    Finding(
        merchant_uid="-2",
        verdict=Verdict.NOT_CHECKED,
        order=Order("-2", Decimal(3), status="cancelled"),
        error="the network",
    ),
    Finding(merchant_uid="orphan", verdict=Verdict.ORPHAN, payments=(SIGHTING,)),
    Finding(merchant_uid="", verdict=Verdict.NOT_CHECKED, error="o.csv:7: amount is empty"),
    Finding(merchant_uid="A-9", verdict=Verdict.NOT_CHECKED, error="o.csv:9: amount is negative"),
]


@pytest.mark.parametrize(
    ("name", "row"), [("f.csv", ":"), ("f.jsonl", ":"), ("f.parquet", " row ")]
)
def test_findings_give_back_the_orders_and_say_what_else_they_have(
    tmp_path: Path, name: str, row: str
) -> None:
    path = str(tmp_path / name)
    write_findings(path, FINDINGS)

    *items, note = read_orders(path)

    orders = [each.order for each in FINDINGS if each.order is not None]
    bad = [each for each in items if isinstance(each, BadRow)]
    assert [each for each in items if isinstance(each, Order)] == orders
    assert [(each.merchant_uid, each.reason) for each in bad] == [
        ("", "could not be read before: o.csv:7: amount is empty"),
        ("A-9", "could not be read before: o.csv:9: amount is negative"),
    ]
    assert all(each.where.startswith(path + row) for each in bad)
    assert note == Note(path, "1 payments without an order are not orders and were left out")


def test_findings_saved_as_a_workbook_are_read(tmp_path: Path) -> None:
    header = ["merchant_uid", "verdict", "order_amount", "order_currency", "order_status", "error"]
    header += ["status", "amount", "currency"]
    path = write_xlsx(
        str(tmp_path / "f.xlsx"),
        {"findings": [header, ["'-2", "missing", 3, "KRW", "cancelled", "", "paid", 5, "USD"]]},
    )

    assert list(read_orders(path)) == [Order("-2", Decimal(3), status="cancelled")]


def is_kept(number: str) -> bool:
    return (
        number == strip_blanks(number) != ""
        and not number.startswith('="')
        and not is_rounded(number)
        and not is_total_row([number, "합계"], 0)
    )


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
@given(number=order_numbers.filter(is_kept) | st.sampled_from(["'A", "''", "=1+1", "@x", "＋1"]))  # noqa: RUF001 (meant)
def test_any_order_number_survives_the_way_through_findings(
    tmp_path_factory: pytest.TempPathFactory, ending: str, number: str
) -> None:
    path = tmp_path_factory.mktemp("findings") / f"f.{ending}"
    order = Order(number, Decimal(1000))
    write_findings(path, [Finding(merchant_uid=number, verdict=Verdict.MISSING, order=order)])

    assert list(read_orders(str(path))) == [order]


def test_column_that_is_named_wins_over_that_of_the_order(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    write_findings(path, FINDINGS[:1])
    (order,) = read_orders(str(path), columns=Columns(amount="amount", currency="", status=""))

    assert isinstance(order, Order)
    assert order.amount == 999
