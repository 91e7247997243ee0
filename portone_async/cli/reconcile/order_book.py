"""The orders of a source by partition, in an SQLite file that the workers read.

A source is read once, from its first row to its last; a partition then reads its own orders only.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from datetime import datetime, tzinfo
from typing import Any, TypeAlias

import msgspec
from msgspec import Struct

from portone_async.cli.orders.items import BadRow, Place, PlacedOrder, PlacedRefund
from portone_async.reconcile import Order, Partition, Plan, Refund, UnreadableOrder

from .row_reasons import RowReasons

__all__ = ("LeftOut", "OrderBook", "read_partition")

_Row: TypeAlias = Order | Refund | UnreadableOrder

_SCHEMA = """
    CREATE TABLE items (tier TEXT, number TEXT, time REAL, kind INTEGER, item BLOB);
    CREATE TABLE numbers (
        tier TEXT, number TEXT, time REAL, PRIMARY KEY (tier, number)) WITHOUT ROWID;
    CREATE TABLE unreadable (tier TEXT, time REAL, item BLOB);"""
# All rows of a number are in the partition of its first order: the others repeat it, contradict it
# or are its refunds.
_FINISH = """
    INSERT OR IGNORE INTO numbers
        SELECT tier, number, time FROM items WHERE kind = 0 ORDER BY rowid;
    INSERT OR IGNORE INTO numbers
        SELECT tier, number, time FROM items WHERE kind = 1 ORDER BY rowid;
    CREATE INDEX items_of_number ON items (tier, number);
    CREATE INDEX numbers_of_time ON numbers (tier, time);"""
_ORDERS = """
    SELECT kind, item FROM numbers JOIN items USING (tier, number)
    WHERE numbers.tier = :tier AND numbers.time >= :since AND numbers.time < :until
    ORDER BY items.rowid"""
_UNREADABLE = """
    SELECT 2, item FROM unreadable WHERE tier = :tier AND time >= :since AND time < :until"""
_COUNT_ORDERS = "SELECT count(DISTINCT tier || ' ' || number) FROM items WHERE kind = 0"
_PLACES = "SELECT tier, time FROM numbers UNION ALL SELECT tier, time FROM unreadable"

_encode = msgspec.msgpack.Encoder().encode
_KINDS: tuple[type[_Row], ...] = (Order, Refund, UnreadableOrder)
_DECODE: tuple[Callable[[bytes], _Row], ...] = tuple(
    msgspec.msgpack.Decoder(kind).decode for kind in _KINDS
)


class LeftOut(Struct, frozen=True):
    """The orders that belong to no partition of a plan."""

    other_tiers: int
    """The number of orders of Tiers that the plan does not have."""
    other_times: int
    """The number of orders before or after its period and its margins."""


class OrderBook:
    """Writes the orders of a source to the file.

    Args:
        path: The file, which must not exist.
        plan: The partitions. A row whose Tier or time cannot be read is in the first of them.
        zone: The zone of times that have none.
        has_tiers: Whether the source has Tiers; otherwise all orders are of the plan's only one.
        reasons: Keeps the reasons of rows that cannot be read.
    """

    def __init__(
        self, path: str, plan: Plan, zone: tzinfo, *, has_tiers: bool, reasons: RowReasons
    ) -> None:
        self._reasons = reasons
        self._plan = plan
        self._has_tiers = has_tiers
        self._zone = zone
        self._connection = sqlite3.connect(path, check_same_thread=False)
        try:
            self._connection.executescript(f"PRAGMA synchronous = OFF; {_SCHEMA}")
        except BaseException:
            self._connection.close()
            raise

    def add(self, items: Iterable[PlacedOrder | PlacedRefund | BadRow]) -> None:
        """Add rows of the source, in their sequence."""
        for item in items:
            if isinstance(item, BadRow):
                self._add_unreadable(item)
            else:
                kind = int(isinstance(item, PlacedRefund))
                row = (*self._place(item), kind, _encode(item))
                self._connection.execute("INSERT INTO items VALUES (?, ?, ?, ?, ?)", row)

    def finish(self) -> tuple[int, LeftOut]:
        """Close the file; return the number of orders, and those in no partition."""
        with closing(self._connection) as connection:
            connection.commit()
            connection.executescript(_FINISH)
            ((count,),) = connection.execute(_COUNT_ORDERS)
            return count, self._left_out(connection)

    def close(self) -> None:
        """Close the file. May be called again."""
        self._connection.close()

    def _place(self, item: PlacedOrder | PlacedRefund) -> tuple[str, str, float]:
        assert item.place.ordered_at is not None
        time = self._timestamp(item.place.ordered_at)
        return self._tier(item.place), item.merchant_uid, time

    def _add_unreadable(self, row: BadRow) -> None:
        place = row.place or Place(self._plan.tiers[0])
        time = self._timestamp(place.ordered_at or self._plan.since)
        item = self._reasons.unreadable(row)
        self._connection.execute(
            "INSERT INTO unreadable VALUES (?, ?, ?)", [self._tier(place), time, _encode(item)]
        )

    def _tier(self, place: Place) -> str:
        return (place.tier if self._has_tiers else self._plan.tiers[0]) or ""

    def _timestamp(self, time: datetime) -> float:
        aware = time if time.tzinfo is not None else time.replace(tzinfo=self._zone)
        return aware.timestamp()

    def _left_out(self, connection: sqlite3.Connection) -> LeftOut:
        tiers = {tier or "" for tier in self._plan.tiers}
        since = (self._plan.since - self._plan.margin).timestamp()
        until = (self._plan.until + self._plan.margin).timestamp()
        other_tiers = other_times = 0
        for tier, time in connection.execute(_PLACES):
            if tier not in tiers:
                other_tiers += 1
            elif not since <= time < until:
                other_times += 1
        return LeftOut(other_tiers, other_times)


def read_partition(path: str, partition: Partition) -> Generator[_Row, None, None]:
    """Iterate over the orders of a partition, in the sequence of the source."""
    parameters: dict[str, Any] = {
        "tier": partition.tier or "",
        "since": partition.since.timestamp(),
        "until": partition.until.timestamp(),
    }
    # Several threads read the generator, one at a time.
    with closing(sqlite3.connect(path, check_same_thread=False)) as connection:
        for statement in (_ORDERS, _UNREADABLE):
            for kind, item in connection.execute(statement, parameters):
                yield _DECODE[kind](item)
