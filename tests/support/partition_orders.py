"""Orders of partitions that workers import by name, and the payments of a fake that match them."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, cast

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

from portone_async import PortOneClient, RateLimit, RetryPolicy
from portone_async.reconcile import Order
from portone_async.reconcile.partition import Partition, Plan, plan
from portone_async.testing import FakePortOne
from portone_async.throttle.valkey import StoreClient

__all__ = (
    "PASSWORD",
    "Counted",
    "add_payments",
    "changed_orders",
    "client",
    "counted_orders",
    "failing_orders",
    "orders_of",
    "patient_store",
    "plan_of",
)

PASSWORD = "planted-password-of-a-database"
_DAY = timedelta(days=1)
_FIRST = datetime(2026, 10, 1, tzinfo=UTC)
_COUNT = 5


def plan_of(days: int, *, first: int = 0) -> Plan:
    """Return the plan of some days of one shop."""
    since = _FIRST + first * _DAY
    return plan(since=since, until=since + days * _DAY, margin=timedelta(0))


def orders_of(partition: Partition) -> list[Order]:
    """Return the orders of a partition."""
    return [
        Order(f"{partition.tier or 'o'}-{partition.since:%m%d}-{number}", Decimal(1000 + number))
        for number in range(_COUNT)
    ]


def add_payments(server: FakePortOne, partition: Partition) -> None:
    """Add the payments of a partition: that of its last order has another amount."""
    server.add_many(_payments(partition))


def _payments(partition: Partition) -> Iterator[dict[str, Any]]:
    noon = int(partition.since.timestamp()) + 43_200
    for number, order in enumerate(orders_of(partition)):
        yield {
            "merchant_uid": order.merchant_uid,
            "amount": int(order.amount) + (number == _COUNT - 1),
            "paid_at": noon + number,
            "started_at": noon,
        }


def failing_orders(partition: Partition) -> list[Order]:
    """Raise an exception with a password for the first day, as a database might."""
    if partition.since == _FIRST:
        raise OSError(f"cannot connect to postgresql://shop:{PASSWORD}@10.0.0.1/orders")
    return orders_of(partition)


def changed_orders(partition: Partition) -> list[Order]:
    """Return the orders of a partition; the first day has one more."""
    own = orders_of(partition)
    return [*own, Order("new", Decimal(1))] if partition.since == _FIRST else own


def client(rate_limit: RateLimit) -> PortOneClient:
    """Make a client that does not wait before a retry."""
    retry = RetryPolicy(backoff_initial=0.0, backoff_max=0.0)
    return PortOneClient.from_env(rate_limit=rate_limit, retry=retry)


def patient_store() -> StoreClient:
    """Connect to the store of ``VALKEY_URL``. A second, as for a URL, is too short on a loaded machine."""
    from_url = cast(Callable[..., Redis], Redis.from_url)  # pyright: ignore[reportUnknownMemberType]  # of any keywords
    return from_url(
        os.environ["VALKEY_URL"],
        socket_timeout=30,
        socket_connect_timeout=30,
        retry=Retry(NoBackoff(), 0),
    )


class Counted:
    """How many partitions read their orders at the same time. In workers of this process only."""

    now = 0
    most = 0


async def counted_orders(partition: Partition) -> AsyncIterator[Order]:
    Counted.now += 1
    Counted.most = max(Counted.most, Counted.now)
    for order in orders_of(partition):
        for _ in range(100):  # Gives each other task its turn.
            await asyncio.sleep(0)
        yield order
    Counted.now -= 1
