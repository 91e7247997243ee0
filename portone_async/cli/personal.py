"""A payment as PortOne sent it, without what it says about a person."""

from __future__ import annotations

from typing import Any

__all__ = ("without_personal_data",)

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
