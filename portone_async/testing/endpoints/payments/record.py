"""The fields of one payment.

A record holds only the fields that have a value, so that a million of them fit into memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
from msgspec import UNSET

from portone_async.models import Cancellation, Payment
from portone_async.testing.record import blank, encode

__all__ = ("BLANK", "decode", "fields_of", "fill_defaults", "pad", "validate")

BLANK = {
    **blank(Payment),
    "card_quota": 0,  # for payments without a card, too; of other numbers 0 has a meaning
}
"""The fields that every payment has, with the values that stand for "nothing"."""
del BLANK["extension"]  # sent on request only


def fields_of(payment: Payment) -> dict[str, Any]:
    """Return the fields of a model that are not at their defaults."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(payment)}
    fields = {
        name: value
        for name, value in msgspec.structs.asdict(payment).items()
        if name in blank(Payment) and value != defaults[name]
    }
    return encode(Payment, fields)


def fill_defaults(record: dict[str, Any], explicit: Mapping[str, Any], now: float) -> None:
    """Add the fields that the status implies, except the ``explicit`` ones."""

    def imply(name: str, value: Callable[[], Any]) -> None:
        current = record.get(name)
        if name not in explicit and current is not UNSET and not current:
            record[name] = value()

    seconds = int(now)
    happened = (record.get(name) for name in ("paid_at", "failed_at", "cancelled_at"))
    imply(
        "started_at",
        lambda: min((t for t in happened if isinstance(t, int) and t), default=seconds),
    )
    match record["status"]:
        case "paid":
            imply("paid_at", lambda: seconds)
        case "failed":
            imply("failed_at", lambda: seconds)
            imply("fail_reason", lambda: "[결제포기] 사용자가 결제를 취소하셨습니다")
        case "cancelled":
            imply("paid_at", lambda: record["started_at"])
            imply("cancelled_at", lambda: seconds)
            imply("cancel_amount", lambda: record["amount"])
            imply("cancel_reason", lambda: "고객 변심")
            imply("cancel_history", lambda: [_cancellation(record)])
        case _:
            pass


def _cancellation(record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        **blank(Cancellation),
        "amount": record.get("cancel_amount"),
        "cancellation_id": f"cancellation_{record['imp_uid']}",
        "cancelled_at": record.get("cancelled_at"),
        "pg_tid": record.get("pg_tid"),
        "reason": record.get("cancel_reason"),
        "receipt_url": record.get("receipt_url"),
    }


def pad(record: dict[str, Any]) -> dict[str, Any]:
    """Return the whole object that PortOne sends, without the fields that are ``UNSET``."""
    whole = BLANK | record
    if UNSET in record.values():
        return {name: value for name, value in whole.items() if value is not UNSET}
    return whole


def decode(record: dict[str, Any]) -> Payment:
    """Return the payment as a client decodes it.

    Raises:
        msgspec.ValidationError: No client could decode it.
    """
    return msgspec.convert(pad(record), Payment, strict=False)


def validate(record: Mapping[str, Any]) -> None:
    """Check that a client can decode the record, five times as fast as :func:`decode`.

    Raises:
        msgspec.ValidationError: No client could decode it.
    """
    sent = {name: value for name, value in record.items() if value is not UNSET}
    msgspec.convert(sent, Payment, strict=False)
