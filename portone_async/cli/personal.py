"""Remove personal data from a payment as PortOne sent it."""

from __future__ import annotations

from typing import Any

from portone_async.models import Payment
from portone_async.models._personal import personal_names

__all__ = ("without_personal_data",)

_PERSONAL = personal_names(Payment)


def without_personal_data(sent: Any) -> Any:
    """Return JSON without the fields that hold or may hold personal data, at every level.

    They are those that ``Payment.to_dict()`` omits, and any other of the buyer.
    """
    if isinstance(sent, list):
        return [without_personal_data(item) for item in sent]  # pyright: ignore[reportUnknownVariableType] (any JSON)
    if not isinstance(sent, dict):
        return sent
    return {
        name: without_personal_data(value)
        for name, value in sent.items()  # pyright: ignore[reportUnknownVariableType] (any JSON)
        if name not in _PERSONAL and not name.startswith("buyer_")  # pyright: ignore[reportUnknownMemberType] (any JSON)
    }
