"""The functions that worker processes import; their parameters are environment variables.

A task contains only the names of these functions: an address or a proxy may contain a password.
"""

from __future__ import annotations

import os
from collections.abc import Generator, Iterable
from contextlib import contextmanager

from portone_async._redact import Secret
from portone_async.cli.client import make_client
from portone_async.client import PortOneClient
from portone_async.policy import RateLimit
from portone_async.reconcile import Order, Partition, Refund, UnreadableOrder

from .order_book import read_partition

__all__ = ("LEDGER", "ORDERS", "PROFILE", "PROXY", "client", "orders_of", "variables")

LEDGER = "PORTONE_ASYNC_LEDGER"
ORDERS = "PORTONE_ASYNC_ORDERS"
PROFILE = "PORTONE_ASYNC_PROFILE"
PROXY = "PORTONE_ASYNC_PROXY"


def orders_of(partition: Partition) -> Iterable[Order | Refund | UnreadableOrder]:
    """Return the orders of a partition of the file that the driver wrote."""
    return read_partition(os.environ[ORDERS], partition)


def client(rate_limit: RateLimit) -> PortOneClient:
    """Return a client with a part of the rate, and the profile and the proxy of the driver."""
    proxy = Secret(os.environ.get(PROXY, "")) or None
    profile = os.environ.get(PROFILE)
    return make_client(PortOneClient, profile, rate_limit=rate_limit, proxy=proxy)


@contextmanager
def variables(values: dict[str, str | None]) -> Generator[None]:
    """Set environment variables for the workers that start meanwhile."""
    old = {name: os.environ.get(name) for name in values}
    _set(values)
    try:
        yield
    finally:
        _set(old)


def _set(values: dict[str, str | None]) -> None:
    for name, value in values.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value
