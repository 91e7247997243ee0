"""The part that all ledgers share: plans, and findings and totals joined across partitions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Self

from msgspec.structs import asdict, replace

from portone_async._worded import Worded, listed
from portone_async.reconcile._columns import EPOCH
from portone_async.reconcile.finding import Finding, Summary, Verdict, VerdictLike
from portone_async.reconcile.merged import merge
from portone_async.reconcile.partition import Partition, Plan
from portone_async.resources.payments._words import validate_member

from ._join import Joined, join, provisional
from ._plans import decode_plan, differences, encode_plan
from ._rows import START, Number, Row, tier_column
from ._storage import LedgerStorage, Usage
from ._totals import Totals
from .protocol import LedgerEntry, LedgerError, Unconfirmed

__all__ = ("JoinedLedger",)


class JoinedLedger(LedgerStorage):
    """A ledger without its storage, which a subclass adds. :class:`Ledger` describes the methods."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._known_plan: Plan | None = None

    # The plan.

    @property
    def run(self) -> str:
        """The name of the run. A ledger may hold several runs."""
        return self._run

    def claim(self, plan: Plan) -> None:
        """Store the plan of the run, or check that the run has this plan. Idempotent.

        Raises:
            LedgerError: The run has another plan; the message names the differences.
        """
        self._claim(encode_plan(plan))
        changes = differences(self.plan(), plan)
        if changes:
            raise LedgerError(
                Worded(
                    "The run {run} has another plan: {changes}. Use another name for this run",
                    run=repr(self._run),
                    changes=listed(changes),
                )
            )

    def plan(self) -> Plan:
        """Return the plan of the run.

        Raises:
            LedgerError: No plan has been stored.
        """
        if self._known_plan is None:
            text = self._stored_plan()
            if text is None:
                raise LedgerError(f"The run {self._run!r} has no plan yet: claim it first")
            self._known_plan = decode_plan(text)
        return self._known_plan

    def unfinished(self) -> Iterator[Partition]:
        """Iterate over the partitions of the plan that are not published."""
        for tier, partitions in groupby(self.plan(), key=lambda partition: partition.tier):
            names = self._names(tier_column(tier))
            yield from (partition for partition in partitions if partition.name not in names)

    # The results.

    def publish(
        self,
        partition: Partition,
        summary: Summary,
        findings: Iterable[Finding],
        *,
        digest: str | None = None,
        account: str | None = None,
    ) -> None:
        """Store the results of a partition, in one transaction that replaces what it had.

        Raises:
            LedgerError: The partition is not one of the run's plan, or the run has payments of
                another API key.
        """
        if partition not in self.plan():
            raise LedgerError(
                f"The partition {partition.name!r} is not one of the plan of run {self._run!r}"
            )
        self._replace(partition, summary, findings, digest, account)

    def record_confirmed(
        self,
        tier: str | None,
        findings: Iterable[Finding],
        *,
        requests: int = 0,
        retries: int = 0,
        seconds: float = 0.0,
    ) -> None:
        """Store the findings of orders that were looked up, in one transaction."""
        self._record_confirmed(tier_column(tier), findings, Usage(requests, retries, seconds))

    def findings(self, verdict: VerdictLike | None = None) -> Iterator[Finding]:
        """Iterate over the findings of :meth:`entries`, without their partitions."""
        return (entry.finding for entry in self.entries(verdict))

    def entries(self, verdict: VerdictLike | None = None) -> Iterator[LedgerEntry]:
        """Iterate over all findings, or those of one verdict, joined across partitions.

        Raises:
            InvalidRequestError: The verdict does not exist.
        """
        # Validated here: a generator would raise only when it is read.
        valid = None if verdict is None else validate_member("verdict", verdict, Verdict)
        return (
            LedgerEntry(row.partition, row.finding)
            for row in self._joined(valid)
            if valid in {None, row.finding.verdict}
        )

    def _joined(self, verdict: Verdict | None) -> Iterator[Row]:
        """Iterate over the joined rows that may have a verdict."""
        incomplete = self._incomplete()
        for page in self._pages(_stored_verdicts(verdict, incomplete)):
            groups = self._groups({row.number for row in page if row.is_shared})
            for stored in page:
                row = _in_place(stored, groups)
                if row is not None:
                    yield provisional(row) if row.number[0] in incomplete else row

    def _pages(self, verdicts: Collection[Verdict] | None) -> Iterator[Sequence[Row]]:
        after = START
        while page := self._page(after, verdicts):
            yield page
            after = page[-1].place

    def unconfirmed(self) -> Iterator[Unconfirmed]:
        """Iterate over the orders that must be looked up: see :meth:`entries`."""
        for _, joined in self._shared_groups():
            if joined.unconfirmed is not None:
                yield joined.unconfirmed

    def _shared_groups(self) -> Iterator[tuple[Sequence[Row], Joined]]:
        """Iterate over the stored and the joined rows of order numbers that are shared."""
        after: Number = ("", "")
        while numbers := self._shared_numbers(after):
            yield from self._groups(numbers).values()
            after = numbers[-1]

    def _groups(self, numbers: Collection[Number]) -> dict[Number, tuple[Sequence[Row], Joined]]:
        """Return the stored and the joined rows of order numbers."""
        if not numbers:
            return {}
        rows: dict[Number, list[Row]] = {}
        for row in sorted(self._rows_of(numbers), key=lambda row: row.place):
            rows.setdefault(row.number, []).append(row)
        confirmed = self._confirmed(numbers)
        return {
            number: (stored, join(stored, confirmed.get(number))) for number, stored in rows.items()
        }

    # The totals.

    def summary(self) -> Summary:
        """Return the exact totals of the published partitions, joined as in :meth:`entries`."""
        # Without it, a partition that is published meanwhile would be counted in part.
        with self._snapshot():
            return self._summary()

    def _summary(self) -> Summary:
        incomplete = self._incomplete()
        joining = Summary(counts={}, amounts={}, ended_at=EPOCH, **asdict(self._usage()))
        merged = merge([*self._summaries(), joining])
        totals = Totals(replace(merged, ended_at=None) if incomplete else merged)
        for stored, reported in self._corrections(incomplete):
            for row in stored:
                if row.is_own:
                    totals.remove(row.finding)
            for row in reported:
                totals.add(row.finding)
        return totals.summary()

    def _corrections(
        self, incomplete: Collection[str]
    ) -> Iterator[tuple[Iterable[Row], Iterable[Row]]]:
        """Iterate over stored rows, with the rows that are reported in their place."""
        for stored, joined in self._shared_groups():
            is_incomplete = stored[0].number[0] in incomplete
            yield stored, map(provisional, joined.rows) if is_incomplete else joined.rows
        for page in self._pages({Verdict.ORPHAN}) if incomplete else ():
            for row in page:
                if row.number[0] in incomplete and not row.is_shared:
                    yield [row], [provisional(row)]

    def _incomplete(self) -> Collection[str]:
        """Return the Tiers that have an unfinished partition (``""`` for none)."""
        published, plan = self._published(), self.plan()
        tiers = map(tier_column, plan.tiers)
        return {tier for tier in tiers if published.get(tier, 0) < plan.partitions_per_tier}

    def __enter__(self) -> Self:
        """Return the ledger."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the ledger."""
        self.close()


def _stored_verdicts(
    verdict: Verdict | None, incomplete: Collection[str]
) -> Collection[Verdict] | None:
    """Return the stored verdicts that may be reported as a verdict."""
    if verdict is None:
        return None
    is_provisional = verdict is Verdict.NOT_CHECKED and incomplete
    return {verdict, Verdict.ORPHAN} if is_provisional else {verdict}


def _in_place(stored: Row, groups: Mapping[Number, tuple[Sequence[Row], Joined]]) -> Row | None:
    """Return the row that is reported in the place of a stored one."""
    if not stored.is_shared:
        return stored if stored.is_own else None
    # A partition that is published again meanwhile may have lost the number.
    _, joined = groups.get(stored.number, ((), Joined(())))
    return next((row for row in joined.rows if row.place == stored.place), None)
