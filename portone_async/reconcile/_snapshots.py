"""The store's payment snapshots."""

from __future__ import annotations

from collections.abc import Iterable
from sqlite3 import Connection

import msgspec

from portone_async.models._listed_payment import ListedPayment

from ._kinds import KINDS
from .compare import status_rank
from .finding import PaymentSnapshot

__all__ = ("SCHEMA", "add", "decode", "without_order")

SCHEMA = (
    """CREATE TABLE snapshots (
        imp_uid TEXT PRIMARY KEY,
        merchant_uid TEXT NOT NULL,
        status_rank INTEGER NOT NULL,
        snapshot TEXT NOT NULL
    ) WITHOUT ROWID""",
    "CREATE INDEX snapshots_by_order ON snapshots (merchant_uid)",
)

# Refunds only grow: of two states with one status, the later is the one with more of them.
_ADD = """
    INSERT INTO snapshots VALUES (?, ?, ?, ?)
    ON CONFLICT (imp_uid) DO UPDATE SET
        merchant_uid = excluded.merchant_uid,
        status_rank = excluded.status_rank,
        snapshot = excluded.snapshot
    WHERE (excluded.status_rank, CAST(json_extract(excluded.snapshot, '$.cancel_amount') AS REAL))
        >= (status_rank, CAST(json_extract(snapshots.snapshot, '$.cancel_amount') AS REAL))"""
_WITHOUT_ORDER = """
    SELECT snapshot FROM snapshots AS s WHERE imp_uid > :after
    AND NOT EXISTS (SELECT 1 FROM orders AS o WHERE o.merchant_uid = s.merchant_uid)
    AND NOT EXISTS (SELECT 1 FROM findings WHERE kind = :payment AND key = imp_uid)
    ORDER BY imp_uid LIMIT :limit"""

_encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(PaymentSnapshot).decode


def add(connection: Connection, snapshots: Iterable[PaymentSnapshot | ListedPayment]) -> None:
    """Store payments, each in its latest state."""
    rows = (
        (
            snapshot.imp_uid,
            snapshot.merchant_uid,
            status_rank(snapshot.status),
            _encode(snapshot).decode(),
        )
        for snapshot in snapshots
    )
    connection.executemany(_ADD, rows)


def without_order(connection: Connection, after: str, limit: int) -> list[PaymentSnapshot]:
    """List payments whose order number belongs to no order, and that have no finding."""
    parameters = {**KINDS, "after": after, "limit": limit}
    return [decode(text) for (text,) in connection.execute(_WITHOUT_ORDER, parameters)]
