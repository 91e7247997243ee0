"""The reasons why rows could not be read, which the report words in its language."""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Iterator
from contextlib import suppress

from msgspec.structs import replace

from portone_async._worded import Worded
from portone_async.cli.orders.items import BadRow
from portone_async.reconcile import Finding, UnreadableOrder

__all__ = ("RowReasons",)


class RowReasons:
    """Stores the parts of the reasons from reading the source until the report is written.

    The store of a run has them in English only. They are in a temporary database, so memory does
    not grow with their number. If it cannot be written, the report has them in English, too.
    """

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database
        self._database.execute("CREATE TABLE reasons (error TEXT PRIMARY KEY, parts BLOB)")

    def unreadable(self, row: BadRow) -> UnreadableOrder:
        """Return a bad row for the run, and store its reason."""
        if isinstance(row.reason, Worded):
            error = Worded("{place}: {reason}", place=row.where, reason=row.reason)
            parts = pickle.dumps(error)
            with suppress(sqlite3.Error, UnicodeEncodeError):
                self._database.execute(
                    "INSERT OR IGNORE INTO reasons VALUES (?, ?)", [str(error), parts]
                )
        return UnreadableOrder(str(row.where), str(row.reason), row.merchant_uid)

    def restore(self, findings: Iterator[Finding]) -> Iterator[Finding]:
        """Return the findings, with the parts of those errors that are known."""
        return map(self._restored, findings)

    def _restored(self, finding: Finding) -> Finding:
        if not finding.error or finding.order is not None or finding.payments:
            return finding
        with suppress(sqlite3.Error):
            row = self._database.execute(
                "SELECT parts FROM reasons WHERE error = ?", [finding.error]
            ).fetchone()
            if row is not None:
                return replace(finding, error=pickle.loads(row[0]))  # noqa: S301 (written above)
        return finding
