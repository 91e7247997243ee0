"""The state of a run in one file: orders, payments, findings and checkpoints.

A process that is killed at any moment leaves a file from which the same run resumes to the same
result. Each step is a transaction and idempotent: an order added again is still one order, a
finding recorded again is still one finding, and a slice of payments is stored in the transaction
that marks how far its step has come.

An open store is locked against all other processes, readers too. The operating system holds that
lock, so it ends with the process, however that ends. A closed store is one plain SQLite file that
any reader opens.

Methods block, and may be called from any thread: ``await asyncio.to_thread(store.record, ...)``.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import Self

from portone_async._worded import Worded, listed

from ._database import Database, StoreError
from ._store import payment_rows, state
from ._store.findings import FindingStore
from ._store.order_rows import PendingOrder
from ._store.orders import OrderStore
from ._store.payments import PaymentStore
from ._store.schema import SCHEMA
from ._store.unconfirmed import UnconfirmedOrders
from .identity import Identity

__all__ = ("PendingOrder", "Store", "StoreError")


class Store(OrderStore, PaymentStore, FindingStore):
    """The state of a run. Use it as a context manager, or close it."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self.unconfirmed = UnconfirmedOrders(database)
        """The orders that differ, until they are confirmed."""

    @classmethod
    def open(cls, path: str | os.PathLike[str]) -> Self:
        """Open a store, new or existing, for this process alone.

        Args:
            path: The file; it is created if it does not exist. Its folder must be writable.

        Raises:
            StoreError: The file is in use, not writable, not a store, or of another version.
        """
        return cls(Database(path, SCHEMA))

    def close(self) -> None:
        """Release the file. Every step is stored already."""
        self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def clear(self) -> None:
        """Delete everything, for a new run."""
        with self._database.writing() as connection:
            payment_rows.delete_indexes(connection)
            state.restart(connection)

    @property
    def identity(self) -> Identity | None:
        """The identity of the run; ``None`` until all of its orders are stored."""
        with self._database.reading() as connection:
            return state.identity(connection)

    def set_identity(self, identity: Identity) -> None:
        """Store the identity of the run, once all of its orders are stored."""
        with self._database.writing() as connection:
            state.set_identity(connection, identity)

    def check_identity(self, identity: Identity) -> None:
        """Refuse to resume if this store holds another run.

        Raises:
            StoreError: The orders, the period, the statuses or the shop differ; the message names
                them.
        """
        with self._database.writing() as connection:
            changes = state.changes(connection, identity)
        if changes:
            raise self._database.error(
                Worded(
                    "it is of another run: {changes}. Use another store, or start afresh in this "
                    "one (reconcile(fresh=True); --fresh on the command line)",
                    changes=listed(changes),
                )
            )

    def mark_ended(self) -> None:
        """Record that the run has ended; only the first time counts."""
        with self._database.writing() as connection:
            state.mark_ended(connection)

    @property
    def ended_at(self) -> datetime | None:
        """When the run first ended."""
        with self._database.reading() as connection:
            return state.usage(connection).ended_at

    def add_usage(self, *, requests: int = 0, retries: int = 0, seconds: float = 0.0) -> None:
        """Add requests and time to the usage of the run, over all its parts."""
        with self._database.writing() as connection:
            state.add_usage(connection, requests, retries, seconds)
