"""Findings as CSV for spreadsheets: Korean stays readable, and no cell is taken for a formula."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import datetime, tzinfo
from decimal import Decimal
from pathlib import Path

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
        writer = csv.writer(file)
        if options.has_tiers:
            writer.writerow(("tier", *COLUMNS))
            writer.writerows((tier_of(item), *_line(item, timezone)) for item in findings)
        else:
            writer.writerow(COLUMNS)
            writer.writerows(_line(finding, timezone) for finding in findings)


def _line(finding: Finding, timezone: tzinfo) -> tuple[str | int, ...]:
    order = finding.order
    newest = next(iter(finding.payments), None)
    others = [payment_in_zone(payment, timezone) for payment in finding.payments[1:]]
    return (
        _text(finding.merchant_uid),
        finding.verdict,
        *(_NO_ORDER if order is None else _order_cells(order)),
        len(finding.payments),
        *(_NO_PAYMENT if newest is None else _payment_cells(newest, timezone)),
        _encoder.encode(others).decode() if others else "",
        _text(finding.error),
    )


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
