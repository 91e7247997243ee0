"""Check orders with one of the variants; ``reconcile.py`` starts this in its own process.

``python benchmarks/variants.py VARIANT URL ORDERS REQUESTS [STORE]`` checks the orders of a CSV
file and prints the counts. Each request appends a byte to the file REQUESTS, so that the requests
of a killed process are counted as well.
"""

from __future__ import annotations

import asyncio
import csv
import os
import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from datetime import date, datetime, time, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from portone_async import Attempt, Payment, PortOneClient
from portone_async.reconcile import Order, Store, reconcile

DAY = date(2026, 11, 1)
# Not imported from the fake, which would be loaded into the measured process.
KST = timezone(timedelta(hours=9), "KST")
# The fixed keys of the fake.
KEYS = ("7700000000000001", "fake-imp-secret-of-a-shop-that-is-not")

Tally = Counter[str]


def read_orders(path: Path) -> Iterator[Order]:
    with path.open(newline="", encoding="utf-8") as file:
        for merchant_uid, amount, status in csv.reader(file):
            yield Order(merchant_uid, Decimal(amount), status=status)


def merchant_uids(path: Path) -> Iterator[str]:
    return (order.merchant_uid for order in read_orders(path))


async def gather(client: PortOneClient, orders: Path, _: Path | None) -> Tally:
    """Run one task per order, all at once: the common first attempt."""
    finds = (client.payments.find(merchant_uid) for merchant_uid in merchant_uids(orders))
    results = await asyncio.gather(*finds, return_exceptions=True)
    return Tally(
        "found" if isinstance(result, Payment) else type(result).__name__ for result in results
    )


async def find_many(client: PortOneClient, orders: Path, _: Path | None) -> Tally:
    tally = Tally()
    async with client.payments.find_many(merchant_uids(orders)) as stream:
        async for result in stream:
            tally[type(result).__name__.lower()] += 1
    return tally


async def get_many(client: PortOneClient, orders: Path, _: Path | None) -> Tally:
    tally = Tally()
    async with client.payments.get_many(merchant_uids(orders)) as stream:
        async for group in stream:
            tally["found" if group.payments else "missing"] += 1
    return tally


async def sweep(client: PortOneClient, orders: Path, path: Path | None) -> Tally:
    """Reconcile the day, resuming if the store has progress."""
    assert path is not None
    since = datetime.combine(DAY, time(), KST)
    with Store.open(path) as store:
        done, known = store.progress()
        if known:
            write_line(
                f"  resumes with {known:,} orders in the store, {done:,} of them with a finding"
            )
        summary = await reconcile(
            client, read_orders(orders), since=since, until=since + timedelta(days=1), store=store
        )
    return Tally({verdict.value: count for verdict, count in summary.counts.items() if count})


VARIANTS: dict[str, Callable[[PortOneClient, Path, Path | None], Awaitable[Tally]]] = {
    "gather": gather,
    "find_many": find_many,
    "get_many": get_many,
    "sweep": sweep,
}


def write_line(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


async def run(variant: str, url: str, orders: Path, requests: Path, store: Path | None) -> Tally:
    """Check the orders without a rate limit, to measure the client and not the wait."""
    counter = os.open(requests, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def count(_: Attempt) -> None:
        os.write(counter, b".")

    try:
        async with PortOneClient(*KEYS, base_url=url, rate_limit=None, on_attempt=count) as client:
            return await VARIANTS[variant](client, orders, store)
    finally:
        os.close(counter)


def main(variant: str, url: str, orders: str, requests: str, store: str | None = None) -> None:
    path = None if store is None else Path(store)
    tally = asyncio.run(run(variant, url, Path(orders), Path(requests), path))
    write_line("  " + ", ".join(f"{word} {number:,}" for word, number in sorted(tally.items())))


if __name__ == "__main__":
    main(*sys.argv[1:])
