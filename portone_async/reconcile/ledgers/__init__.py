"""Ledgers: the results of the partitions of a run, joined across partitions."""

from __future__ import annotations

from .protocol import Ledger, LedgerEntry, LedgerError, Unconfirmed

__all__ = ("Ledger", "LedgerEntry", "LedgerError", "Unconfirmed")
