"""Findings as a ledger stores them, each with its place. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TypeAlias

from msgspec import Struct

from portone_async.reconcile._columns import EPOCH
from portone_async.reconcile.finding import Finding, Verdict
from portone_async.reconcile.partition import Partition

__all__ = ("START", "Number", "Place", "Row", "microseconds", "tier_column")

Place: TypeAlias = tuple[str, int, int]
"""The place of a finding in the sequence of a run: its Tier (``""`` for none), the start of its
partition in microseconds of Unix time, and its position in the partition."""
Number: TypeAlias = tuple[str, str]
"""A Tier (``""`` for none) and an order number."""

START: Place = ("", -(1 << 63), -1)
"""A place before all others."""


class Row(Struct, frozen=True):
    """A stored finding."""

    partition: Partition
    position: int
    """Its position in the partition, from 0."""
    finding: Finding
    is_shared: bool = False
    """Whether another partition of the Tier has a finding of the same order number, or the number
    has a confirmed finding.

    An empty order number is never shared.
    """

    @property
    def place(self) -> Place:
        """Its place in the sequence of the run."""
        tier, since = tier_column(self.partition.tier), microseconds(self.partition.since)
        return (tier, since, self.position)

    @property
    def is_own(self) -> bool:
        """Whether it is a finding by itself, and in the totals of its partition.

        Orders of margins are not, nor are payments that only must be known: see
        :meth:`Ledger.publish`.
        """
        finding = self.finding
        is_only_known = finding.order is None and finding.verdict is Verdict.MATCHED
        return not (self.partition.is_margin or is_only_known)

    @property
    def number(self) -> Number:
        """Its Tier and order number."""
        return (tier_column(self.partition.tier), self.finding.merchant_uid)


def tier_column(tier: str | None) -> str:
    """Return the column of a Tier: ``""`` for none, since a code is never empty."""
    return tier or ""


def microseconds(time: datetime) -> int:
    """Return a time in microseconds of Unix time."""
    return (time - EPOCH) // timedelta(microseconds=1)
