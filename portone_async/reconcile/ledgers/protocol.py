"""The interface of a ledger, and its records."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol, Self

from msgspec import Struct

from portone_async.errors import PortOneError
from portone_async.reconcile.finding import (
    Finding,
    Order,
    PaymentSnapshot,
    Summary,
    VerdictLike,
)
from portone_async.reconcile.partition import Partition, Plan

__all__ = ("Ledger", "LedgerEntry", "LedgerError", "Unconfirmed")


class LedgerError(PortOneError):
    """The ledger cannot be opened, read or written. The call that failed changed nothing in it."""

    advice = "Finished partitions are stored: remove the cause and start again to resume."


class LedgerEntry(Struct, frozen=True):
    """A finding, and the partition that it belongs to."""

    partition: Partition
    finding: Finding

    @property
    def tier(self) -> str | None:
        """The Tier: two Tiers may have equal order numbers."""
        return self.partition.tier


class Unconfirmed(Struct, frozen=True):
    """An order that must be compared with all of its payments.

    It has a payment in another partition, which its verdict does not consider.
    """

    tier: str | None
    order: Order
    payments: tuple[PaymentSnapshot, ...]
    """Its known payments, those in other partitions included."""


class Ledger(Protocol):
    """The finished partitions of a run, their findings, and the totals.

    Several processes may use a ledger at once, each with its own object; an object may be used
    by several threads. Methods block: call them in a thread. Every method raises
    :class:`LedgerError` if the ledger cannot be read or written; the message contains no password.

    A ledger contains finished partitions only: one transaction publishes all results of a
    partition. It contains order numbers, amounts and payment ids, no personal data and no keys.
    """

    @property
    def run(self) -> str:
        """The name of the run. A ledger may hold several runs."""
        ...

    def claim(self, plan: Plan) -> None:
        """Store the plan of the run, or check that the run has this plan. Idempotent.

        Raises:
            LedgerError: The run has another plan; the message names the differences.
        """
        ...

    def plan(self) -> Plan:
        """Return the plan of the run.

        Raises:
            LedgerError: No plan has been stored.
        """
        ...

    def check_account(self, account: str) -> None:
        """Check that payments of the run are those of this API key, if any are published.

        Args:
            account: A digest of the API key (``imp_key``), as :meth:`publish` stores it.

        Raises:
            LedgerError: They are those of another API key.
        """
        ...

    def unfinished(self) -> Iterator[Partition]:
        """Iterate over the partitions of the plan that are not published."""
        ...

    def summary_of(self, partition: Partition) -> Summary | None:
        """Return the totals of a published partition; ``None`` if it is not published.

        They are those of the partition alone, not joined with others.
        """
        ...

    def digests(self) -> Mapping[str, str]:
        """Return the digests of the orders of published partitions, by the partitions' names.

        A partition whose orders have another digest now has other orders than were reconciled.
        """
        ...

    def digest_of(self, partition: Partition) -> str | None:
        """Return the digest of the orders of a published partition; ``None`` if it has none."""
        ...

    def publish(
        self,
        partition: Partition,
        summary: Summary,
        findings: Iterable[Finding],
        *,
        digest: str | None = None,
        account: str | None = None,
    ) -> None:
        """Store the results of a partition, in one transaction.

        They replace its earlier results, so a partition that ran twice has the findings of one run.
        A process that is killed at any moment leaves all of them or none.

        Args:
            partition: The partition, one of the plan.
            summary: Its totals.
            findings: Its findings.
            digest: The digest of its orders, for :meth:`digests`.
            account: The digest of the API key that its payments were read with; ``None`` if none
                were read. The first one is that of the run.

        A finding ``matched`` without an order is a payment that must be known, and is not in the
        summary: one that holds no money, whose order may be in another partition, or one of an
        order that could not be checked. It is not reported by itself.

        Raises:
            LedgerError: The partition is not one of the run's plan, or the run has payments of
                another API key.
        """
        ...

    def payments_of(self, partition: Partition) -> Iterator[PaymentSnapshot]:
        """Iterate over the payments of a partition's findings, as published, reading in pages."""
        ...

    def entries(self, verdict: VerdictLike | None = None) -> Iterator[LedgerEntry]:
        """Iterate over all findings, or those of one verdict, with their partitions.

        They are joined across partitions:

        - A payment whose order is in another partition of the same Tier is not an orphan. If the
          order's verdict considers it, nothing is reported for the payment. If it does not, the
          order is ``not_checked`` until it is confirmed (:meth:`record_confirmed`).
        - A payment without an order that two partitions have is reported once, in its later state.
        - The orders of margins are reported only if one has a payment in the period and is not
          ``matched``.
        - While a partition of its Tier is unfinished, a payment without an order is
          ``not_checked``: the order may be in that partition.

        The sequence is by Tier (``None`` first, then by code), then by the time of the partition,
        then as in the run of the partition. They are read in pages: a partition that is published
        meanwhile may be reported in part as it was before.

        Raises:
            InvalidRequestError: The verdict does not exist.
        """
        ...

    def findings(self, verdict: VerdictLike | None = None) -> Iterator[Finding]:
        """Iterate over the findings of :meth:`entries`, without their partitions."""
        ...

    def summary(self) -> Summary:
        """Return the exact totals of the published partitions, joined as in :meth:`entries`.

        ``seconds`` is the sum over all partitions, so it is more than the duration where several
        run at once. ``ended_at`` is ``None`` while a partition is unfinished; if one is published
        while they are read, they may consider it in part.
        """
        ...

    def unconfirmed(self) -> Iterator[Unconfirmed]:
        """Iterate over the orders that must be looked up: see :meth:`entries`."""
        ...

    def record_confirmed(
        self,
        tier: str | None,
        findings: Iterable[Finding],
        *,
        requests: int = 0,
        retries: int = 0,
        seconds: float = 0.0,
    ) -> None:
        """Store the findings of orders that were looked up, in one transaction.

        :meth:`entries` reports them in place of the stored findings of these orders, unless another
        partition has a payment that they do not consider.

        Args:
            tier: The Tier of the orders.
            findings: The findings, one for each order.
            requests: The number of requests to add to the totals of the run.
            retries: The number of retries among them.
            seconds: The duration of the look-ups, added to the totals as well.
        """
        ...

    def close(self) -> None:
        """Release the ledger. May be called again."""
        ...

    def __enter__(self) -> Self:
        """Return the ledger."""
        ...

    def __exit__(self, *_: object) -> None:
        """Close the ledger."""
        ...
