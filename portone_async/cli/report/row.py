"""A difference as the page holds it: small, plain, and nothing in it that could act."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, tzinfo
from decimal import Decimal

import msgspec
from msgspec import Struct

from portone_async.cli.escape import escaped, visible
from portone_async.reconcile.finding import Finding, Order, PaymentSnapshot

from .money import written
from .reason import reason_of

__all__ = ("embedded", "local", "row_of", "shown", "zoned")

# An order number has 40 characters at most; a hostile one has as many as it likes.
_LONGEST = 160
_LONGEST_ERROR = 600
_MOST_PAYMENTS = 10

_encoder = msgspec.json.Encoder()
# "</script>" and "<!--" end or bend a script element, whatever stands in its strings.
_IN_SCRIPT = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


class Paid(Struct, frozen=True, array_like=True):
    """A payment in a row. The script reads the fields by their order."""

    imp_uid: str
    amount: str
    cancelled: str
    currency: str
    status: str
    is_test: bool
    time: str
    """On the clock of the page's zone, with the offset, as in ``2026-11-01 09:00:00+09:00``."""


class Row(Struct, frozen=True, array_like=True):
    """A finding in the table. The script reads the fields by their order."""

    verdict: str
    merchant_uid: str
    order: tuple[str, str, str, str] | None
    """Amount, currency, status, what the shop has refunded."""
    payments: list[Paid]
    more_payments: int
    """How many were left out."""
    off: tuple[str, str] | None
    """Amount, currency."""
    error: str
    reason: str
    """The key of the sentence that explains the error."""
    place: str
    """The row of the order file, for that sentence."""


def row_of(finding: Finding, off: tuple[str, Decimal] | None, zone: tzinfo) -> Row:
    """Make the row of a finding; ``off`` is what PortOne has minus what it should have."""
    reason, place = reason_of(finding)
    return Row(
        verdict=finding.verdict.value,
        merchant_uid=_numbered(finding.merchant_uid),
        order=None if finding.order is None else _asked(finding.order),
        payments=[_paid(payment, zone) for payment in finding.payments[:_MOST_PAYMENTS]],
        more_payments=max(0, len(finding.payments) - _MOST_PAYMENTS),
        off=None if off is None else (written(off[1], off[0]), shown(off[0])),
        error=shown(finding.error or "", _LONGEST_ERROR),
        reason=reason,
        place=shown(place),
    )


def embedded(value: object) -> str:
    """JSON that may stand in a ``script`` element."""
    return _encoder.encode(value).decode().translate(_IN_SCRIPT)


def shown(text: str, longest: int = _LONGEST) -> str:
    """Text from outside: controls and marks of direction spelled out, its length bounded."""
    if len(text) > longest:
        text = f"{text[:longest]}…"
    return escaped(text)


def _numbered(merchant_uid: str) -> str:
    if len(merchant_uid) > _LONGEST:
        return shown(merchant_uid)
    return visible(merchant_uid)


def local(time: datetime, zone: tzinfo) -> datetime | None:
    """The time on the clock of the zone, naive; ``None`` at the ends of the calendar."""
    clock = zoned(time, zone)
    return None if clock is None else clock.replace(tzinfo=None)


def zoned(time: datetime, zone: tzinfo) -> datetime | None:
    """The time in the zone, aware; ``None`` at the ends of the calendar."""
    with suppress(OverflowError):
        return time.astimezone(zone)
    return None


def _asked(order: Order) -> tuple[str, str, str, str]:
    refunded = written(order.cancelled_amount, order.currency) if order.cancelled_amount else ""
    amount = written(order.amount, order.currency)
    return amount, shown(order.currency), shown(order.status), refunded


def _paid(payment: PaymentSnapshot, zone: tzinfo) -> Paid:
    time = payment.paid_at or payment.cancelled_at
    clock = None if time is None else zoned(time, zone)
    currency = payment.currency or ""
    cancelled = written(payment.cancel_amount, currency) if payment.cancel_amount else ""
    return Paid(
        imp_uid=shown(payment.imp_uid),
        amount=written(payment.amount, currency),
        cancelled=cancelled,
        currency=shown(currency),
        status=shown(payment.status),
        is_test=payment.sandbox is True,
        time="" if clock is None else clock.isoformat(sep=" ", timespec="seconds"),
    )
