"""Findings that ``--out`` has written are read back as orders."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.cli.orders import BadRow, Columns, Note, OrdersError, read_orders
from portone_async.cli.report import write_findings
from portone_async.cli.report.messages import LANGUAGES, Language
from portone_async.reconcile import Finding, Order, PaymentSnapshot, Verdict
from tests.support.order_files import is_read_unchanged
from tests.support.strategies import order_numbers
from tests.support.workbooks import write_xlsx

PAYMENT = PaymentSnapshot(
    imp_uid="imp_1", merchant_uid="A-1", status="paid", amount=Decimal(999), currency="USD"
)
FINDINGS = [
    Finding(
        merchant_uid="A-1",
        verdict=Verdict.AMOUNT_DIFFERS,
        order=Order("A-1", Decimal("1000.50"), "USD", "paid", Decimal(5)),
        payments=(PAYMENT,),
    ),
    Finding(
        merchant_uid="-2",
        verdict=Verdict.NOT_CHECKED,
        order=Order("-2", Decimal(3), status="cancelled"),
        error="the network",
    ),
    Finding(merchant_uid="orphan", verdict=Verdict.ORPHAN, payments=(PAYMENT,)),
    Finding(merchant_uid="", verdict=Verdict.NOT_CHECKED, error="o.csv:7: amount is empty"),
    Finding(merchant_uid="A-9", verdict=Verdict.NOT_CHECKED, error="o.csv:9: amount is negative"),
]


@pytest.mark.parametrize(
    ("name", "separator"), [("f.csv", ":"), ("f.jsonl", ":"), ("f.parquet", " row ")]
)
def test_orders_are_read_back_and_other_rows_reported(
    tmp_path: Path, name: str, separator: str
) -> None:
    path = str(tmp_path / name)
    write_findings(path, FINDINGS)

    *items, note = read_orders(path)

    orders = [item.order for item in FINDINGS if item.order is not None]
    bad = [item for item in items if isinstance(item, BadRow)]
    assert [item for item in items if isinstance(item, Order)] == orders
    assert [(item.merchant_uid, item.reason) for item in bad] == [
        ("", "could not be read before: o.csv:7: amount is empty"),
        ("A-9", "could not be read before: o.csv:9: amount is negative"),
    ]
    assert all(item.where.startswith(path + separator) for item in bad)
    assert note == Note(path, "1 payments without an order are not orders and were left out")


def test_findings_saved_as_a_workbook_are_read(tmp_path: Path) -> None:
    header = ["merchant_uid", "verdict", "order_amount", "order_currency", "order_status", "error"]
    header += ["status", "amount", "currency"]
    path = write_xlsx(
        str(tmp_path / "f.xlsx"),
        {"findings": [header, ["'-2", "missing", 3, "KRW", "cancelled", "", "paid", 5, "USD"]]},
    )

    assert list(read_orders(path)) == [Order("-2", Decimal(3), status="cancelled")]


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("options", [{}, {"sheet": "2"}])
def test_exported_workbook_is_refused_as_orders(
    tmp_path: Path, language: Language, options: dict[str, Any]
) -> None:
    path = str(tmp_path / "f.xlsx")
    write_findings(path, FINDINGS, language=language)

    with pytest.raises(OrdersError, match="has findings that --out has written"):
        list(read_orders(path, **options))


@pytest.mark.parametrize("ending", ["csv", "jsonl"])
@given(
    number=order_numbers.filter(is_read_unchanged)
    | st.sampled_from(["'A", "''", "=1+1", "@x", "＋1"])  # noqa: RUF001 (meant)
)
def test_any_order_number_survives_export_and_reading(
    tmp_path_factory: pytest.TempPathFactory, ending: str, number: str
) -> None:
    path = tmp_path_factory.mktemp("findings") / f"f.{ending}"
    exported = Order(number, Decimal(1000))
    write_findings(path, [Finding(merchant_uid=number, verdict=Verdict.MISSING, order=exported)])

    assert list(read_orders(str(path))) == [exported]


def test_named_column_wins_over_that_of_the_order(tmp_path: Path) -> None:
    path = tmp_path / "f.csv"
    write_findings(path, FINDINGS[:1])
    (item,) = read_orders(str(path), columns=Columns(amount="amount", currency="", status=""))

    assert isinstance(item, Order)
    assert item.amount == 999
