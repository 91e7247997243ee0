"""A payment as PortOne sent it, with and without what it says about a person."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

import msgspec
from msgspec import Struct

from portone_async.models import Payment

__all__ = ("as_sent", "without_personal_data")

_PERSONAL = frozenset(
    {
        "card_number",
        "custom_data",
        "customer_uid",
        "extension",
        "user_agent",
        "vbank_holder",
        "vbank_num",
    }
)


def as_sent(payment: Payment) -> dict[str, Any]:
    """Every field, unknown ones included, times in Unix seconds."""
    # One of a list (that is how order numbers with a slash are looked up) has no reply of its own.
    return payment.raw or cast("dict[str, Any]", _unmodelled(payment))


def without_personal_data(sent: dict[str, Any]) -> dict[str, Any]:
    shown = {
        name: value
        for name, value in sent.items()
        if name not in _PERSONAL and not name.startswith("buyer_")
    }
    if isinstance(deposits := shown.get("deposit_history"), list):
        shown["deposit_history"] = [_without_depositor(each) for each in deposits]  # pyright: ignore[reportUnknownVariableType] (any JSON)
    return shown


def _without_depositor(deposit: Any) -> Any:
    if not isinstance(deposit, dict):
        return deposit
    return {name: value for name, value in deposit.items() if name != "depositor_name"}  # pyright: ignore[reportUnknownVariableType] (any JSON)


def _unmodelled(value: Any) -> Any:
    match value:
        case Struct():
            fields = msgspec.structs.asdict(value)
            return {name: _unmodelled(each) for name, each in fields.items()}
        case tuple():
            return [_unmodelled(each) for each in value]  # pyright: ignore[reportUnknownVariableType] (any JSON)
        case datetime():
            return int(value.timestamp())
        case _:
            return value
