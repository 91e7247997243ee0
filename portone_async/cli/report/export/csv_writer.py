"""Findings as CSV for spreadsheets: Korean stays readable, and no cell is taken for a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from pathlib import Path
from typing import TextIO

import msgspec

from portone_async.cli.report.tier_finding import tier_of
from portone_async.cli.zone import in_zone
from portone_async.reconcile.finding import Finding, Order, PaymentSnapshot

from .local_times import payment_in_zone
from .options import ExportOptions

__all__ = ("COLUMNS", "write_csv")

COLUMNS = (
    "merchant_uid",
    "verdict",
    "order_amount",
    "order_currency",
    "order_status",
    "order_cancelled_amount",
    "payments",
    "imp_uid",
    "status",
    "amount",
    "cancel_amount",
    "currency",
    "sandbox",
    "paid_at",
    "cancelled_at",
    "other_payments",
    "error",
)
# A spreadsheet takes a cell with such a first character for a formula, full-width forms included:
# https://owasp.org/www-community/attacks/CSV_Injection. The apostrophe is one of them so that the
# first apostrophe of a cell is always an added one, and can be removed again.
_FORMULA_STARTS = frozenset("=+-@\t\r\n'＝＋－＠")  # noqa: RUF001 (full-width on purpose)

_NO_ORDER = ("",) * 4
_NO_PAYMENT = ("",) * 8
_SANDBOX = {None: "", False: "false", True: "true"}

_encoder = msgspec.json.Encoder()


def write_csv(path: Path, findings: Iterable[Finding], options: ExportOptions) -> None:
    """Write a line for each finding, as UTF-8 with the byte order mark that Excel needs.

    A line has the order, the newest payment, and further payments as JSON in ``other_payments``,
    so that no column counts an amount twice. ``payments`` is the number of all payments. A text
    that starts like a formula (``= + - @``, their full-width forms, tab, line break) or with an
    apostrophe gets an apostrophe in front: when you read the file, remove the first apostrophe
    of such a cell. Amounts are plain numbers, also negative ones. Times have their UTC offset.
    The findings of several Tiers have theirs in the first column.
    """
    timezone = options.timezone
    with path.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file:
        # Python encodes UTF-8 faster than "utf-8-sig", which would write this as well.
        file.write("\ufeff")
        if options.has_tiers:
            _write_row(file, ("tier", *COLUMNS))
            for finding in findings:
                _write_row(file, (tier_of(finding), *_row(finding, timezone)))
        else:
            _write_row(file, COLUMNS)
            for finding in findings:
                _write_row(file, _row(finding, timezone))


def _write_row(file: TextIO, row: tuple[str, ...]) -> None:
    """Write a row as ``csv.writer`` does, which takes a while to look at each character."""
    line = ",".join(row)
    if line.count(",") >= len(row) or '"' in line or "\r" in line or "\n" in line:
        csv.writer(file).writerow(row)
    else:
        file.write(f"{line}\r\n")


def _row(finding: Finding, timezone: tzinfo) -> tuple[str, ...]:
    order, payments = finding.order, finding.payments
    return (
        _text(finding.merchant_uid),
        finding.verdict,
        *(_NO_ORDER if order is None else _order_cells(order)),
        str(len(payments)),
        *(_payment_cells(payments[0], timezone) if payments else _NO_PAYMENT),
        _other_payments(payments[1:], timezone) if len(payments) > 1 else "",
        _text(finding.error),
    )


def _other_payments(payments: Sequence[PaymentSnapshot], timezone: tzinfo) -> str:
    return _encoder.encode([payment_in_zone(payment, timezone) for payment in payments]).decode()


def _order_cells(order: Order) -> tuple[str, ...]:
    return (
        _amount(order.amount),
        _text(order.currency),
        _text(order.status),
        _amount(order.cancelled_amount),
    )


def _payment_cells(payment: PaymentSnapshot, timezone: tzinfo) -> tuple[str, ...]:
    return (
        _text(payment.imp_uid),
        _text(payment.status),
        _amount(payment.amount),
        _amount(payment.cancel_amount),
        _text(payment.currency),
        _SANDBOX[payment.sandbox],
        _time(payment.paid_at, timezone),
        _time(payment.cancelled_at, timezone),
    )


def _amount(amount: Decimal) -> str:
    text = str(amount)
    # Four times as fast as a format, which only differs for an exponent.
    return f"{amount:f}" if "E" in text else text


def _text(text: str | None) -> str:
    if not text:
        return ""
    return f"'{text}" if text[0] in _FORMULA_STARTS else text


def _time(time: datetime | None, timezone: tzinfo) -> str:
    return "" if time is None else in_zone(time, timezone).isoformat()
