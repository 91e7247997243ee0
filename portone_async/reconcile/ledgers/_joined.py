"""The part that all ledgers share: plans, and findings and totals joined across partitions."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from itertools import groupby
from typing import Self

from msgspec import Struct
from msgspec.structs import asdict, replace

from portone_async.reconcile._columns import EPOCH
from portone_async.reconcile.finding import Finding, PaymentSnapshot, Summary, Verdict, VerdictLike
from portone_async.reconcile.merged import merge
from portone_async.reconcile.partition import Partition, Plan
from portone_async.resources.payments._words import validate_member

from ._join import Joined, join, provisional
from ._plans import decode_plan, differences, encode_plan
from ._rows import START, Number, Place, Row, tier_column
from ._totals import Totals
from .protocol import LedgerEntry, LedgerError, Unconfirmed

__all__ = ("PAGE", "JoinedLedger", "Usage")

PAGE = 1_000
"""The findings, or order numbers, that are read at once."""


class Usage(Struct, frozen=True):
    """The requests and the duration of the look-ups of joined orders."""

    requests: int = 0
    """The number of requests, retries included."""
    retries: int = 0
    seconds: float = 0.0


class JoinedLedger(ABC):
    """A ledger without its storage, which a subclass adds. :class:`Ledger` describes the methods."""

    def __init__(self, run: str) -> None:
        self._run = run
        self._known_plan: Plan | None = None

    # The storage. Each method is one transaction, outside of a snapshot.

    @abstractmethod
    def _snapshot(self) -> AbstractContextManager[None]:
        """Let all reads of the block see one state, whatever is published meanwhile."""

    @abstractmethod
    def _claim(self, plan: str) -> None:
        """Store the encoded plan of the run, if it has none."""

    @abstractmethod
    def _stored_plan(self) -> str | None:
        """Return the encoded plan of the run."""

    @abstractmethod
    def _published(self) -> Mapping[str, int]:
        """Return the number of published partitions by Tier (``""`` for none)."""

    @abstractmethod
    def _names(self, tier: str) -> Collection[str]:
        """Return the names of the published partitions of a Tier (``""`` for none)."""

    @abstractmethod
    def _summaries(self) -> Iterable[Summary]:
        """Return the totals of all published partitions."""

    @abstractmethod
    def _replace(
        self,
        partition: Partition,
        summary: Summary,
        findings: Iterable[Finding],
        digest: str | None,
        account: str | None,
    ) -> None:
        """Store the results of a partition in place of what it has.

        Raises:
            LedgerError: The run has another account.
        """

    @abstractmethod
    def _page(self, after: Place, verdicts: Collection[Verdict] | None) -> Sequence[Row]:
        """Return the next :data:`PAGE` rows in the sequence of places, fewer only at the end.

        Args:
            after: The place after which the page begins.
            verdicts: The verdicts of the rows; shared rows are returned with any verdict.
                ``None`` for all rows.
        """

    @abstractmethod
    def _rows_of(self, numbers: Collection[Number]) -> Iterable[Row]:
        """Return all rows of these order numbers, in any sequence."""

    @abstractmethod
    def _shared_numbers(self, after: Number) -> Sequence[Number]:
        """Return the next :data:`PAGE` order numbers that are shared, sorted: see :class:`Row`.

        Fewer only at the end; never an empty order number.
        """

    @abstractmethod
    def _confirmed(self, numbers: Collection[Number]) -> Mapping[Number, Finding]:
        """Return the confirmed findings of these order numbers, where there are some."""

    @abstractmethod
    def _record_confirmed(self, tier: str, findings: Iterable[Finding], usage: Usage) -> None:
        """Store confirmed findings in place of earlier ones, and add to the usage of the run."""

    @abstractmethod
    def _usage(self) -> Usage:
        """Return the usage of the run's confirmations."""

    @abstractmethod
    def check_account(self, account: str) -> None:
        """Check that payments of the run are those of this API key, if any are published."""

    @abstractmethod
    def summary_of(self, partition: Partition) -> Summary | None:
        """Return the totals of a published partition; ``None`` if it is not published."""

    @abstractmethod
    def digests(self) -> Mapping[str, str]:
        """Return the digests of the orders of published partitions, by the partitions' names."""

    @abstractmethod
    def digest_of(self, partition: Partition) -> str | None:
        """Return the digest of the orders of a published partition; ``None`` if it has none."""

    @abstractmethod
    def payments_of(self, partition: Partition) -> Iterator[PaymentSnapshot]:
        """Iterate over the payments of a partition's findings, as published."""

    @abstractmethod
    def close(self) -> None:
        """Release the ledger. May be called again."""

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
                f"The run {self._run!r} has another plan: {', '.join(changes)}. Use another name "
                "for this run"
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
