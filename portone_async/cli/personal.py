"""A payment as PortOne sent it, without what it says about a person."""

from __future__ import annotations

from typing import Any

__all__ = ("without_personal_data",)

# The reasons are free text, and people write names and account numbers into it.
_PERSONAL = frozenset(
    {
        "cancel_reason",
        "card_number",
        "custom_data",
        "customer_uid",
        "depositor_name",
        "extension",
        "fail_reason",
        "reason",
        "user_agent",
        "vbank_holder",
        "vbank_num",
    }
)


def without_personal_data(sent: Any) -> Any:
    """The same, on every level, without the fields that are or may be about a person."""
    if isinstance(sent, list):
        return [without_personal_data(each) for each in sent]  # pyright: ignore[reportUnknownVariableType] (any JSON)
    if not isinstance(sent, dict):
        return sent
    return {
        name: without_personal_data(value)
        for name, value in sent.items()  # pyright: ignore[reportUnknownVariableType] (any JSON)
        if name not in _PERSONAL and not name.startswith("buyer_")  # pyright: ignore[reportUnknownMemberType] (any JSON)
    }
