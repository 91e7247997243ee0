"""Findings as CSV that Excel opens as it is: one line each, Korean readable, nothing executed."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import msgspec

from portone_async.reconcile.finding import Finding, Order, PaymentSnapshot

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
# What a spreadsheet takes for the beginning of a formula (https://owasp.org/www-community/attacks/
# CSV_Injection), full-width forms included. The apostrophe is here so that the first one of a
# cell is always ours, and can be taken off again.
_FORMULA = tuple("=+-@\t\r\n'＝＋－＠")  # noqa: RUF001 (meant)

_encoder = msgspec.json.Encoder()


def write_csv(path: Path, findings: Iterable[Finding]) -> None:
    """Write UTF-8 with a byte order mark, which is how Excel knows it.

    A line has the order, the newest payment, and the others as JSON in ``other_payments``: so a
    sum over a column counts nothing twice. ``payments`` is their number. A text that begins as a
    formula would (``= + - @``, their full-width forms, tab, line break) or with an apostrophe
    gets an apostrophe in front; when reading the file, remove the first apostrophe of a cell.
    Amounts are plain numbers, and negative ones too. Times have their offset from UTC.
    """
    with path.open("w", encoding="utf-8-sig", errors="backslashreplace", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(map(_line, findings))


def _line(finding: Finding) -> tuple[str | int, ...]:
    order = finding.order
    newest = next(iter(finding.payments), None)
    others = finding.payments[1:]
    return (
        _text(finding.merchant_uid),
        finding.verdict.value,
        *(("",) * 4 if order is None else _order(order)),
        len(finding.payments),
        *(("",) * 8 if newest is None else _payment(newest)),
        _encoder.encode(others).decode() if others else "",
        _text(finding.error),
    )


def _order(order: Order) -> tuple[str, ...]:
    return (
        _amount(order.amount),
        _text(order.currency),
        _text(order.status),
        _amount(order.cancelled_amount),
    )


def _payment(payment: PaymentSnapshot) -> tuple[str, ...]:
    return (
        _text(payment.imp_uid),
        _text(payment.status),
        _amount(payment.amount),
        _amount(payment.cancel_amount),
        _text(payment.currency),
        "" if payment.sandbox is None else str(payment.sandbox).lower(),
        _time(payment.paid_at),
        _time(payment.cancelled_at),
    )


def _amount(amount: Decimal) -> str:
    return f"{amount:f}"


def _text(text: str | None) -> str:
    text = text or ""
    return f"'{text}" if text.startswith(_FORMULA) else text


def _time(time: datetime | None) -> str:
    return "" if time is None else time.isoformat()
