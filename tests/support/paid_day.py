"""A day, and orders of that day with matching payments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from portone_async.reconcile import Order
from portone_async.testing import FakePortOne

DAY = datetime(2026, 11, 1, tzinfo=UTC)
NEXT = DAY + timedelta(days=1)
NOON = int(DAY.timestamp()) + 43_200


def paid_orders(server: FakePortOne, count: int) -> list[Order]:
    """Add payments, one per second from noon on, and return orders that match them."""
    server.add_many(
        {"merchant_uid": f"o-{n}", "amount": 1000, "paid_at": NOON + n, "started_at": NOON}
        for n in range(count)
    )
    return [Order(f"o-{number}", Decimal(1000)) for number in range(count)]
