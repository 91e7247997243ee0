"""The storage of a ledger, which a database adds to what all ledgers share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

from msgspec import Struct

from portone_async.reconcile.finding import Finding, PaymentSnapshot, Summary, Verdict
from portone_async.reconcile.partition import Partition

from ._rows import Number, Place, Row

__all__ = ("PAGE", "LedgerStorage", "Usage")

PAGE = 1_000
"""The findings, or order numbers, that are read at once."""


class Usage(Struct, frozen=True):
    """The requests and the duration of the look-ups of joined orders."""

    requests: int = 0
    """The number of requests, retries included."""
    retries: int = 0
    seconds: float = 0.0


class LedgerStorage(ABC):
    """Stores the plan and the published partitions of a run.

    Each method is one transaction, outside of a snapshot.
    """

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
