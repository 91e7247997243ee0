"""Divide a reconciliation into partitions: one Tier and one period each. Pure."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from itertools import pairwise
from math import ceil
from typing import Any, Literal, TypeAlias

from msgspec import Struct

from portone_async._core.validate import validate_tier
from portone_async._worded import Worded
from portone_async.errors import InvalidRequestError
from portone_async.models import PaymentStatus
from portone_async.resources._windows import utc_now, windows
from portone_async.resources.payments._words import validate_statuses

from .finding import Order, Refund, UnreadableOrder

__all__ = (
    "MARGIN_REASON",
    "Again",
    "OrdersOf",
    "Partition",
    "Plan",
    "plan",
    "validate_again",
)

MARGIN_REASON = "the order is outside the period: its payments were not read"
"""The error that a ledger stores for each order of a margin (see :func:`plan`)."""

_DAY = timedelta(days=1)
_SHORTEST = timedelta(seconds=1)


Again: TypeAlias = bool | Literal["changed"]
"""Whether a finished partition is reconciled again: ``"changed"`` if its orders have changed."""


class Partition(Struct, frozen=True, kw_only=True):
    """A part of a run that one worker reconciles: the orders of one Tier and one period.

    It is small, contains no secrets, and can be pickled and encoded as JSON.
    """

    name: str
    """Its name, unique within a plan: ``A01/2026-11-01``."""
    tier: str | None
    """The code of the sub-merchant; ``None`` for the shop of the API keys."""
    since: datetime
    """The first moment of the period."""
    until: datetime
    """The first moment after it."""
    statuses: tuple[str, ...] = ("cancelled", "paid")
    """The statuses of the payments that are read."""
    is_margin: bool = False
    """Whether only its orders are read: it lies before or after the period of the plan."""


OrdersOf: TypeAlias = Callable[
    [Partition],
    Iterable[Order | Refund | UnreadableOrder] | AsyncIterable[Order | Refund | UnreadableOrder],
]
"""A function that returns the orders of a partition.

An order belongs to exactly one partition, by a time of the shop's choice that never changes, such
as that of the order. Refunds that are listed apart belong to the partition of their order.
"""


class Plan(Struct, frozen=True, kw_only=True):
    """The parameters of a run in partitions. Iterate over it for the partitions.

    Create it by :func:`plan`, which validates them.
    """

    tiers: tuple[str | None, ...]
    """The codes of the sub-merchants; ``None`` for the shop of the API keys."""
    since: datetime
    """The first moment of the period."""
    until: datetime
    """The first moment after it."""
    every: timedelta
    """The length of a partition; the last one of a Tier may be shorter, or up to a second longer."""
    margin: timedelta
    """The time before and after the period whose orders are read."""
    statuses: tuple[str, ...]
    """The statuses of the payments that are read, sorted: their sequence does not matter."""

    def __iter__(self) -> Iterator[Partition]:
        """Iterate over the partitions: Tier by Tier, each in the sequence of time."""
        for tier in self.tiers:
            yield from self.of_tier(tier)

    def __contains__(self, partition: object) -> bool:
        """Return whether a partition is one of the plan."""
        return (
            isinstance(partition, Partition)
            and partition.tier in self.tiers
            and partition in tuple(self.of_tier(partition.tier))
        )

    def __len__(self) -> int:
        """Return the number of partitions."""
        return len(self.tiers) * self.partitions_per_tier

    @property
    def partitions_per_tier(self) -> int:
        """The number of partitions of each Tier, margins included."""
        return self._partitions_of_period + 2 * bool(self.margin)

    @property
    def _partitions_of_period(self) -> int:
        count = -(-(self.until - self.since) // self.every)
        # PortOne's times are whole seconds: a rest without one belongs to the partition before it.
        rest = self.since + (count - 1) * self.every
        has_second = ceil(rest.timestamp()) < self.until.timestamp()
        return count if has_second or count == 1 else count - 1

    def of_tier(self, tier: str | None) -> Iterator[Partition]:
        """Iterate over the partitions of one Tier, in the sequence of time."""
        if self.margin:
            yield self._partition(tier, self.since - self.margin, self.since, is_margin=True)
        starts = [self.since + number * self.every for number in range(self._partitions_of_period)]
        for start, end in pairwise([*starts, self.until]):
            yield self._partition(tier, start, end)
        if self.margin:
            yield self._partition(tier, self.until, self.until + self.margin, is_margin=True)

    def _partition(
        self, tier: str | None, since: datetime, until: datetime, *, is_margin: bool = False
    ) -> Partition:
        names = [_name(since, self.every)]
        if is_margin:
            names.insert(0, "margin")
        if tier is not None:
            names.insert(0, tier)
        return Partition(
            name="/".join(names),
            tier=tier,
            since=since,
            until=until,
            statuses=self.statuses,
            is_margin=is_margin,
        )


def plan(
    tiers: Iterable[str | None] = (None,),
    *,
    since: datetime,
    until: datetime,
    every: timedelta = _DAY,
    margin: timedelta = _DAY,
    statuses: Iterable[
        PaymentStatus | Literal["ready", "paid", "failed", "cancelled", "all"] | str
    ] = ("paid", "cancelled"),
) -> Plan:
    """Divide the period of many shops into partitions.

    Longer partitions need fewer requests: a look-up of up to a hundred orders and a page of up to a
    thousand payments are one request each. A partition whose worker is killed starts again.

    Args:
        tiers: The codes of the sub-merchants, each once; ``None`` for the shop of the API keys.
        since: The first moment of the period, with a time zone.
        until: The first moment after it, which must have passed: a finished partition is final, so
            later orders and payments would never be read.
        every: The length of a partition, at least a second; the last one may be shorter, or up to
            a second longer. A day is 24 hours.
        margin: The time before and after the period whose orders are read, so that their payments
            in the period are not orphans. These orders give no findings unless they differ and
            have a payment in the period. 0 for none. The margin after the period may lie in the
            future: orders that are made after it was read are missing from it.
        statuses: The statuses of the payments that are read.

    Returns:
        The plan. Iterate over it for the partitions, margins included.

    Raises:
        InvalidRequestError: No Tier, one with invalid characters or one listed twice; an empty or
            reversed period or one that has not ended, a time without a zone, a length below a
            second or a negative margin, or a misspelt status.
    """
    now = utc_now()
    windows(since, until, now)
    if until > now:
        raise InvalidRequestError(
            f"the period has not ended: until is {until}; use a moment that has passed"
        )
    if every < _SHORTEST:
        raise InvalidRequestError(Worded("every must be at least a second: {every}", every=every))
    if margin < timedelta(0):
        raise InvalidRequestError(f"margin must not be negative: {margin}")
    if not _has_margin(since, margin) or not _has_margin(until, margin):
        raise InvalidRequestError(f"margin must end in the years 1 to 9999 of UTC: {margin}")
    # A fixed offset: partitions have the same length where daylight saving time begins or ends.
    offset = timezone(since.utcoffset() or timedelta(0))
    return Plan(
        tiers=_tiers(tiers),
        since=since.astimezone(offset),
        until=until.astimezone(offset),
        every=every,
        margin=margin,
        statuses=tuple(sorted(validate_statuses(statuses))),
    )


def validate_again(again: object) -> None:
    """Check when a finished partition is reconciled again.

    Raises:
        InvalidRequestError: It is another value.
    """
    if not isinstance(again, bool) and again != "changed":
        raise InvalidRequestError(f"again must be True, False or 'changed', not {again!a}")


def _has_margin(time: datetime, margin: timedelta) -> bool:
    """Return whether the times a margin before and after a time exist in every zone."""
    try:
        _ = time.astimezone(UTC) - margin - _DAY, time.astimezone(UTC) + margin + _DAY
    except OverflowError:
        return False
    return True


def _tiers(tiers: Any) -> tuple[str | None, ...]:
    if isinstance(tiers, str) or not isinstance(tiers, Iterable):
        raise InvalidRequestError(f"tiers must be several codes, as in ['A01']: {tiers!a}")
    items: Iterable[Any] = tiers  # pyright: ignore[reportUnknownVariableType]  # an iterable of unknown items
    codes = tuple(map(validate_tier, items))
    if not codes:
        raise InvalidRequestError(Worded("tiers must name at least one Tier"))
    if len(set(codes)) < len(codes):
        twice = next(code for code in codes if codes.count(code) > 1)
        raise InvalidRequestError(
            Worded("tiers must name each Tier once: {tier} is listed twice", tier=ascii(twice))
        )
    return codes


def _name(since: datetime, every: timedelta) -> str:
    is_days = not every % _DAY and since.time() == since.min.time()
    return since.date().isoformat() if is_days else since.isoformat()
