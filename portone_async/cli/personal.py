"""Remove personal data from a payment as PortOne sent it."""

from __future__ import annotations

from typing import Any

__all__ = ("without_personal_data",)

# Reasons are free text, into which people write names and account numbers.
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
    """Return JSON without the fields that hold or may hold personal data, at every level."""
    if isinstance(sent, list):
        return [without_personal_data(item) for item in sent]  # pyright: ignore[reportUnknownVariableType] (any JSON)
    if not isinstance(sent, dict):
        return sent
    return {
        name: without_personal_data(value)
        for name, value in sent.items()  # pyright: ignore[reportUnknownVariableType] (any JSON)
        if name not in _PERSONAL and not name.startswith("buyer_")  # pyright: ignore[reportUnknownMemberType] (any JSON)
    }
