"""Findings summed up: their number and their money, by verdict."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from msgspec import Struct, field

from portone_async.reconcile.bridge import Bridge
from portone_async.reconcile.bridges import BridgeSums, Entry
from portone_async.reconcile.finding import Finding, Verdict

__all__ = ("Bucket",)


class Bucket(Struct):
    """The number and the money of some findings, by verdict."""

    counts: Counter[Verdict] = field(default_factory=Counter[Verdict])
    sums: dict[Verdict, BridgeSums] = field(default_factory=dict[Verdict, BridgeSums])

    def add(self, finding: Finding) -> None:
        """Add a finding."""
        self.counts[finding.verdict] += 1
        self._sums_of(finding.verdict).add(finding)

    def enter(self, verdict: Verdict, entries: Iterable[Entry]) -> None:
        """Add a finding of which the entries are known."""
        self.counts[verdict] += 1
        self._sums_of(verdict).enter(entries)

    def merge(self, other: Bucket) -> None:
        """Add the findings of another bucket."""
        self.counts.update(other.counts)
        for verdict, sums in other.sums.items():
            self._sums_of(verdict).merge(sums)

    @property
    def findings(self) -> int:
        """The number of findings."""
        return self.counts.total()

    @property
    def differences(self) -> int:
        """The number of findings that are not matched."""
        return self.findings - self.counts[Verdict.MATCHED]

    def bridges(self) -> dict[str, Bridge]:
        """Return the bridges of all findings, by currency."""
        whole = BridgeSums()
        for sums in self.sums.values():
            whole.merge(sums)
        return whole.bridges()

    def bridges_of(self, verdict: Verdict) -> dict[str, Bridge]:
        """Return the bridges of the findings with a verdict, by currency."""
        sums = self.sums.get(verdict)
        return {} if sums is None else sums.bridges()

    def _sums_of(self, verdict: Verdict) -> BridgeSums:
        sums = self.sums.get(verdict)
        if sums is None:
            sums = self.sums[verdict] = BridgeSums()
        return sums
