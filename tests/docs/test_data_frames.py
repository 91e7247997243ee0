"""Payments and findings as frames of pandas and polars, by the lines in docs/en/data_frames.md."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pandas as pd  # type: ignore[import-untyped]  # it has no types of its own
import polars as pl
import pytest
from msgspec.structs import replace

from portone_async import Cancellation, Payment, PaymentStatus
from portone_async.models._personal import personal_names
from portone_async.reconcile import Finding, Order, PaymentSnapshot, Verdict
from tests.support.full_records import full_record

PAID = PaymentStatus.PAID
PAID_AT = datetime(2026, 11, 26, 9, 30, tzinfo=UTC)
CENTS = Payment(
    imp_uid="imp_2", merchant_uid="o-2", status=PAID, amount=Decimal("0.10"), currency="USD",
    pay_method="card", paid_at=PAID_AT,
    cancel_history=(Cancellation(amount=Decimal("0.03"), cancelled_at=PAID_AT, reason="심어둔"),),
)  # fmt: skip
# More rows than polars infers types from by default.
WON = [
    Payment(imp_uid="imp_1", merchant_uid="o-1", status=PAID, amount=Decimal(1000), currency="KRW")
] * 150
PAYMENTS = [*WON, CENTS, CENTS, CENTS]
SUM = Decimal("150000.30")


def in_pandas(payments: list[Payment]) -> Any:
    return pd.DataFrame((payment.to_dict() for payment in payments), columns=Payment.columns())


def in_polars(payments: list[Payment]) -> Any:
    return pl.DataFrame(
        [payment.to_dict() for payment in payments],
        schema=Payment.columns(),
        infer_schema_length=None,
    )


def test_pandas_has_exact_money_and_times_with_a_zone() -> None:
    frame = in_pandas(PAYMENTS)

    assert frame["amount"].sum() == SUM
    assert {type(amount) for amount in frame["amount"]} == {Decimal}
    assert str(frame["paid_at"].dtype).endswith("UTC]")
    assert frame["paid_at"].iloc[-1].tz_convert("Asia/Seoul").hour == 18
    assert frame.groupby("currency")["amount"].sum().to_dict() == {
        "KRW": Decimal(150_000),
        "USD": Decimal("0.30"),
    }


def test_polars_has_exact_money_and_times_with_a_zone() -> None:
    frame = in_polars(PAYMENTS)

    assert frame["amount"].sum() == SUM
    assert frame.schema["amount"] == pl.Decimal(38, 2)
    assert frame.schema["paid_at"] == pl.Datetime("us", "UTC")
    assert frame["pay_method"].drop_nulls().to_list() == ["card"] * 3


def test_missing_values_stay_missing_beside_exact_ones() -> None:
    quota = replace(CENTS, card_quota=3, sandbox=False)
    payments = [*WON, quota]
    pandas, polars = in_pandas(payments), in_polars(payments)
    missing = {"paid_at": 150, "pay_method": 150, "card_quota": 150, "sandbox": 150, "amount": 0}

    assert {name: int(pandas[name].isna().sum()) for name in missing} == missing
    assert {name: polars[name].null_count() for name in missing} == missing
    assert pandas["card_quota"].iloc[-1] == polars["card_quota"][-1] == 3
    rows = [finding.to_dict() for finding in FINDINGS]
    frame: Any = pd.DataFrame(rows, columns=Finding.columns())
    assert frame["order_amount"].isna().tolist() == [False, True]
    assert frame["order_amount"].sum() == Decimal("9.99")


def test_nested_lists_are_kept() -> None:
    (sent,) = in_pandas([CENTS])["cancel_history"]
    (stored,) = in_polars([CENTS])["cancel_history"].to_list()

    assert sent[0]["amount"] == stored[0]["amount"] == Decimal("0.03")
    assert {*sent[0]} == {*stored[0]} == {*Cancellation.columns()}


@pytest.mark.parametrize("build", [in_pandas, in_polars])
def test_frame_has_no_personal_column(build: Any) -> None:
    frame = build([full_record(Payment)])
    columns = [*frame.columns]

    assert columns == [*Payment.columns()]
    assert not {*columns} & {*personal_names(Payment)}


@pytest.mark.parametrize("build", [in_pandas, in_polars])
def test_frame_of_no_payments_has_all_columns(build: Any) -> None:
    frame = build([])

    assert (len(frame), [*frame.columns]) == (0, [*Payment.columns()])


SNAPSHOT = PaymentSnapshot(
    imp_uid="imp_1", merchant_uid="o-1", status="paid", amount=Decimal("9.90"), paid_at=PAID_AT
)
FINDINGS = [
    Finding(
        merchant_uid="o-1",
        verdict=Verdict.AMOUNT_DIFFERS,
        order=Order("o-1", Decimal("9.99"), "USD", PaymentStatus.PAID),
        payments=(SNAPSHOT,),
    ),
    Finding(merchant_uid="o-2", verdict=Verdict.NOT_CHECKED, error="ServerError"),
]


def test_findings_are_rows_for_both() -> None:
    rows = [finding.to_dict() for finding in FINDINGS]
    frames: list[Any] = [
        pd.DataFrame(rows, columns=Finding.columns()),
        pl.DataFrame(rows, schema=Finding.columns(), infer_schema_length=None),
    ]

    for frame in frames:
        assert [*frame["verdict"]] == ["amount_differs", "not_checked"]
        assert frame["order_amount"][0] == Decimal("9.99")
        assert frame["payments"][0][0]["amount"] == Decimal("9.90")
        assert frame["payments"][0][0]["paid_at"] == PAID_AT


def test_row_of_a_finding_consists_of_its_columns_and_plain_values() -> None:
    row, unknown = (finding.to_dict() for finding in FINDINGS)

    assert tuple(row) == tuple(unknown) == Finding.columns()
    assert type(row["verdict"]) is type(row["order_status"]) is str
    assert (unknown["order_amount"], unknown["payments"]) == (None, [])
    assert unknown["error"] == "ServerError"


def test_polars_joins_the_frames_of_two_days_exactly() -> None:
    days = [in_polars(WON), in_polars([CENTS]), in_polars([])]
    joined = pl.concat(days, how="vertical_relaxed")

    assert joined["amount"].sum() == Decimal("150000.10")
    assert joined.schema["paid_at"] == pl.Datetime("us", "UTC")
