"""Findings as Parquet, written by DuckDB from a temporary file of JSON lines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

from portone_async._worded import Worded
from portone_async.cli.report.tier_finding import tier_of
from portone_async.errors import InvalidRequestError
from portone_async.reconcile.finding import Finding

from .jsonl_writer import json_line
from .options import ExportOptions

__all__ = ("write_parquet",)

_DIGITS, _PLACES = 38, 9
_MONEY = f"DECIMAL({_DIGITS}, {_PLACES})"
_PAYMENT = f"""STRUCT(
    imp_uid VARCHAR, merchant_uid VARCHAR, status VARCHAR, amount {_MONEY},
    cancel_amount {_MONEY}, currency VARCHAR, sandbox BOOLEAN,
    paid_at TIMESTAMPTZ, cancelled_at TIMESTAMPTZ)[]"""
_COLUMNS = {
    "merchant_uid": "VARCHAR",
    "verdict": "VARCHAR",
    "order_amount": _MONEY,
    "order_currency": "VARCHAR",
    "order_status": "VARCHAR",
    "order_cancelled_amount": _MONEY,
    "payments": _PAYMENT,
    "error": "VARCHAR",
}
_COPY = "COPY findings TO '{}' (FORMAT parquet, COMPRESSION zstd, USE_TMP_FILE false)"


def write_parquet(path: Path, findings: Iterable[Finding], options: ExportOptions) -> None:
    """Write a row for each finding, with its payments as a list of structs, the newest first.

    Times are instants, of no time zone. The findings of several Tiers have theirs in the first
    column; it is null for the shop of the API keys itself.

    Raises:
        InvalidRequestError: An amount has more than 29 digits before or 9 after the decimal point.
    """
    # A million rows take an hour through INSERT, and two seconds from a file.
    lines = path.with_name(f"{path.name}.jsonl")
    try:
        with lines.open("wb") as file:
            file.writelines(map(json_line, _rows(findings)))
        with duckdb.connect(":memory:", config={"threads": 1, "temp_directory": ""}) as database:
            database.execute("SET TimeZone = 'UTC'")
            columns = {"tier": "VARCHAR", **_COLUMNS} if options.has_tiers else _COLUMNS
            source = database.read_json(str(lines), columns=columns, format="newline_delimited")
            # `path` is a temporary file already; DuckDB would leave its own behind after an error.
            source.query("findings", _COPY.format(str(path).replace("'", "''")))
    except duckdb.IOException as error:
        raise OSError(str(error)) from error
    finally:
        lines.unlink(missing_ok=True)


def _rows(findings: Iterable[Finding]) -> Iterator[dict[str, Any]]:
    for finding in findings:
        for amount in _amounts(finding):
            _check_fits(amount, finding)
        error = None if finding.error is None else str(finding.error)
        yield {"tier": tier_of(finding) or None, **finding.to_dict(), "error": error}


def _amounts(finding: Finding) -> Iterator[Decimal]:
    if finding.order is not None:
        yield finding.order.amount
        yield finding.order.cancelled_amount
    for payment in finding.payments:
        yield payment.amount
        yield payment.cancel_amount


def _check_fits(amount: Decimal, finding: Finding) -> None:
    """Check that an amount fits into a column, where DuckDB would round it silently."""
    _, digits, exponent = amount.as_tuple()
    # NaN and the infinities have no exponent, and do not fit.
    places = -exponent if isinstance(exponent, int) else _DIGITS + 1
    # Zeros at the end do not count.
    while places > _PLACES and digits and digits[-1] == 0:
        digits, places = digits[:-1], places - 1
    if places > _PLACES or len(digits) - places > _DIGITS - _PLACES:
        raise InvalidRequestError(
            Worded(
                "The amount {amount} of order {order} does not fit into Parquet's {type}: write .csv "
                "or .jsonl",
                amount=amount,
                order=finding.merchant_uid,
                type=_MONEY,
            )
        )
