"""A payment as PortOne writes it: every documented key, blank where there is nothing to say.

A record holds what is not blank, so that a million of them fit into memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal
from enum import Enum
from typing import Any

import msgspec
from msgspec import UNSET, Struct

from portone_async.models import Payment

__all__ = ("check", "complete", "model", "present", "written")

TIMES = frozenset(
    {
        "cancelled_at",
        "deposited_at",
        "failed_at",
        "paid_at",
        "started_at",
        "vbank_date",
        "vbank_issued_at",
    }
)
_FLAGS = ("cash_receipt_issued", "escrow", "sandbox")
_LISTS = ("cancel_history", "cancel_receipt_urls", "deposit_history")
_NUMBERS = ("amount", "cancel_amount", "card_quota")


def _blank() -> dict[str, Any]:
    """Every key that PortOne documents; ``extension`` comes only when asked for."""
    record: dict[str, Any] = dict.fromkeys(Payment.__struct_fields__)
    del record["extension"], record["unreadable"]
    record |= dict.fromkeys((*TIMES & record.keys(), *_NUMBERS), 0)
    record |= dict.fromkeys(_FLAGS, False)
    record |= {name: [] for name in _LISTS}
    return record


_BLANK = _blank()
_PLAIN = frozenset({bool, int, str})


def written(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields in the form that travels; what is in that form already stays as it is."""
    return {
        name: 0 if value is None and name in TIMES else _written(value)
        for name, value in fields.items()
    }


def _written(value: Any) -> Any:  # noqa: PLR0911 (one per kind)
    if type(value) in _PLAIN:  # nearly all, and there may be millions
        return value
    match value:
        case datetime():
            if value.tzinfo is None:
                raise ValueError("Times need a time zone")
            return int(value.timestamp())
        case Decimal():
            # 1000 and not 1000.00, which no PHP program writes.
            return int(value) if value == value.to_integral_value() else value
        case Enum():
            return value.value
        case Struct():
            return written(msgspec.structs.asdict(value))
        case dict():
            return {name: _written(each) for name, each in value.items()}  # pyright: ignore[reportUnknownVariableType] (any JSON)
        case list() | tuple():
            return [_written(each) for each in value]  # pyright: ignore[reportUnknownVariableType] (any JSON)
        case _:
            return value


def complete(record: dict[str, Any], said: Mapping[str, Any], now: float) -> None:
    """Fill in the fields that the status implies and that were not given."""

    def imply(name: str, value: Callable[[], Any]) -> None:
        known = record.get(name)
        if name not in said and known is not UNSET and not known:
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
        "amount": record.get("cancel_amount"),
        "cancellation_id": f"cancellation_{record['imp_uid']}",
        "cancelled_at": record.get("cancelled_at"),
        "pg_tid": record.get("pg_tid"),
        "reason": record.get("cancel_reason"),
        "receipt_url": record.get("receipt_url"),
    }


def present(record: dict[str, Any]) -> dict[str, Any]:
    """The whole payment, but for the keys that were said to be UNSET."""
    whole = _BLANK | record
    if UNSET in record.values():
        return {name: value for name, value in whole.items() if value is not UNSET}
    return whole


def model(record: dict[str, Any]) -> Payment:
    """The payment as a client will see it.

    Raises:
        msgspec.ValidationError: No client could read it.
    """
    return msgspec.convert(present(record), Payment, strict=False)


def check(record: Mapping[str, Any]) -> None:
    """Refuse what no client could read, as :func:`model` does, in a fifth of its time.

    Raises:
        msgspec.ValidationError: No client could read it.
    """
    told = {name: value for name, value in record.items() if value is not UNSET}
    msgspec.convert(told, Payment, strict=False)
