"""The payments of the sample that the checks look up again. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from portone_async.resources._request import has_slash

from .evidence import Evidence

__all__ = (
    "MOST_ORDERS",
    "imp_uid_of",
    "payment_of_test_channel",
    "repeated_orders",
    "with_promotion",
)

MOST_ORDERS = 5
"""The most orders that are looked up by each check."""


def _is_path_safe(order: object) -> bool:
    """Return whether an order number of a response may be sent in a path."""
    return isinstance(order, str) and order.strip(". ") != "" and not has_slash(order)


def repeated_orders(evidence: Evidence) -> list[str]:
    """Return order numbers of which the sample has several payments."""
    counts = Counter(payment.get("merchant_uid") for payment in evidence.sample)
    repeated = [order for order, count in counts.items() if count > 1 and _is_path_safe(order)]
    return [order for order in repeated if isinstance(order, str)][:MOST_ORDERS]


def payment_of_test_channel(evidence: Evidence) -> str | None:
    """Return the ``imp_uid`` of a payment of a test channel; ``None`` if the sample has none."""
    return next((imp_uid_of(p) for p in evidence.sample if p.get("sandbox") is True), None)


def with_promotion(evidence: Evidence) -> Sequence[Mapping[str, Any]]:
    """Return payments of the sample that a promotion discounts."""
    payments = [p for p in evidence.sample if isinstance(p.get("promotion"), dict)]
    return [p for p in payments if _is_path_safe(p.get("merchant_uid"))][:MOST_ORDERS]


def imp_uid_of(payment: Mapping[str, Any]) -> str:
    """Return the ``imp_uid`` of a payment of the sample."""
    return str(payment.get("imp_uid"))
