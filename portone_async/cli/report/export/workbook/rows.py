"""The columns of the sheets of findings, and the rows of a finding."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal

from msgspec import Struct

from portone_async.cli.language import Language
from portone_async.cli.report.export.options import ExportOptions
from portone_async.cli.report.reasons import reason_of, row_problem
from portone_async.cli.report.tier_finding import tier_of
from portone_async.cli.wording import localized
from portone_async.models import PaymentStatus
from portone_async.reconcile.finding import Finding, Order, PaymentSnapshot, Verdict

from .cells import Amount, Value

__all__ = ("Column", "Rows", "columns")


class Column(Struct, frozen=True):
    """A column of a sheet of findings."""

    title: str
    """The key of its message, which may name the time zone."""
    width: int
    """In letters of the Latin alphabet, of which a Korean letter takes two."""
    is_text: bool = False
    """Whether it has texts from outside: they stay texts even if a reader edits the cell."""


_TIER = Column("workbook.tier", 18, is_text=True)
_FIRST = (
    Column("table.number", 26, is_text=True),
    Column("table.verdict", 18),
    Column("workbook.reason", 70),
)
_ORDER = (
    Column("table.difference", 15),
    Column("workbook.difference_currency", 10, is_text=True),
    Column("workbook.order_amount", 15),
    Column("workbook.order_currency", 10, is_text=True),
    Column("workbook.order_status", 24, is_text=True),
    Column("workbook.refunded", 16),
    Column("workbook.payments", 10),
)
_PAYMENT = (
    Column("workbook.imp_uid", 22, is_text=True),
    Column("workbook.status", 24, is_text=True),
    Column("workbook.amount", 15),
    Column("workbook.cancelled", 15),
    Column("workbook.currency", 10, is_text=True),
    Column("workbook.test", 10),
    Column("workbook.paid_at", 20),
    Column("workbook.cancelled_at", 20),
)
_ERROR = Column("table.details", 60, is_text=True)

_NO_ORDER_CELLS: list[Value] = [None] * len(_ORDER)
_NO_PAYMENT_CELLS: list[Value] = [None] * len(_PAYMENT)


def columns(*, has_tiers: bool) -> Sequence[Column]:
    """Return the columns, of several Tiers or of one."""
    return (*([_TIER] if has_tiers else []), *_FIRST, *_ORDER, *_PAYMENT, _ERROR)


class Rows:
    """Makes the rows of findings.

    Args:
        texts: The messages of the language of the workbook.
        options: The options of the workbook.
    """

    def __init__(self, texts: Mapping[str, str], options: ExportOptions) -> None:
        self._texts = texts
        self._has_tiers = options.has_tiers
        self._language: Language = options.language
        self._verdicts = {verdict: texts[f"verdict.{verdict}"] for verdict in Verdict}

    def of(self, finding: Finding, difference: tuple[str, Decimal] | None) -> Iterator[list[Value]]:
        """Yield a row for each payment, or one row without payments.

        Args:
            finding: A finding.
            difference: The currency, and the amount charged less the amount due, if it is known
                and not zero by the verdict.
        """
        first = self._first_cells(finding)
        order = self._order_cells(finding, difference)
        error: Value = finding.error or None
        for payment in finding.payments or (None,):
            payment_cells = _NO_PAYMENT_CELLS if payment is None else self._payment_cells(payment)
            yield [*first, *order, *payment_cells, error]
            order, error = _NO_ORDER_CELLS, None

    def _first_cells(self, finding: Finding) -> list[Value]:
        cells: list[Value] = [
            finding.merchant_uid,
            self._verdicts[finding.verdict],
            self._reason(finding),
        ]
        return [tier_of(finding) or None, *cells] if self._has_tiers else cells

    def _reason(self, finding: Finding) -> str | None:
        if finding.error:
            reason, place = reason_of(finding)
            sentence = self._texts[f"error.{reason}"].format(place=localized(place, self._language))
            problem = row_problem(finding, self._language)
            return f"{sentence}. {problem}" if problem else sentence
        if finding.verdict is Verdict.MATCHED:
            return None
        return self._texts[f"explain.{finding.verdict}"]

    def _order_cells(self, finding: Finding, difference: tuple[str, Decimal] | None) -> list[Value]:
        currency, amount = difference or (None, None)
        return [
            None if amount is None else Amount(amount, currency or ""),
            currency,
            *self._ordered(finding.order),
            len(finding.payments),
        ]

    def _ordered(self, order: Order | None) -> list[Value]:
        if order is None:
            return [None] * 4
        return [
            Amount(order.amount, order.currency),
            order.currency,
            self._status(order.status),
            _unless_zero(order.cancelled_amount, order.currency),
        ]

    def _payment_cells(self, payment: PaymentSnapshot) -> list[Value]:
        currency = payment.currency or ""
        return [
            payment.imp_uid,
            self._payment_status(payment),
            Amount(payment.amount, currency),
            _unless_zero(payment.cancel_amount, currency),
            currency or None,
            self._texts["table.test"] if payment.sandbox else None,
            payment.paid_at,
            payment.cancelled_at,
        ]

    def _payment_status(self, payment: PaymentSnapshot) -> str:
        if payment.status != PaymentStatus.CANCELLED or not payment.cancel_amount:
            return self._status(payment.status)
        # PortOne has one status for payments cancelled in part and in full.
        extent = "whole" if payment.cancel_amount == payment.amount else "part"
        return self._texts[f"status.cancelled.{extent}"]

    def _status(self, status: str) -> str:
        return self._texts.get(f"status.{status}", status)


def _unless_zero(amount: Decimal, currency: str) -> Amount | None:
    return Amount(amount, currency) if amount else None
