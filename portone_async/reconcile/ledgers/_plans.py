"""Plans as text, and the differences between two of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from portone_async._worded import Worded, listed
from portone_async.reconcile.partition import Plan

__all__ = ("decode_plan", "differences", "encode_plan")

_MOST_NAMES = 3

decode_plan = msgspec.json.Decoder(Plan).decode


def encode_plan(plan: Plan) -> str:
    """Return a plan as JSON."""
    return msgspec.json.encode(plan).decode()


def differences(stored: Plan, current: Plan) -> list[str]:
    """Describe the differences between the stored plan of a run and the current one."""
    result: list[str] = []
    if set(stored.tiers) != set(current.tiers):
        result.append(_tiers(stored.tiers, current.tiers))
    if (stored.since, stored.until) != (current.since, current.until):
        result.append(
            Worded(
                "its period was {old} and is now {new}", old=_period(stored), new=_period(current)
            )
        )
    elif stored.since.utcoffset() != current.since.utcoffset():
        result.append(
            Worded(
                "its time zone was {old} and is now {new}",
                old=str(stored.since.tzinfo),
                new=str(current.since.tzinfo),
            )
        )
    if stored.every != current.every:
        result.append(
            Worded(
                "its partitions were {old} long and are now {new} long",
                old=str(stored.every),
                new=str(current.every),
            )
        )
    if stored.margin != current.margin:
        result.append(
            Worded(
                "its margin was {old} and is now {new}",
                old=str(stored.margin),
                new=str(current.margin),
            )
        )
    if set(stored.statuses) != set(current.statuses):
        result.append(
            Worded(
                "its statuses were {old} and are now {new}",
                old=" ".join(stored.statuses),
                new=" ".join(current.statuses),
            )
        )
    return result


def _period(plan: Plan) -> str:
    return Worded(
        "{since} until {until}", since=plan.since.isoformat(), until=plan.until.isoformat()
    )


def _tiers(stored: Sequence[str | None], current: Sequence[str | None]) -> str:
    known, wanted = set(stored), set(current)
    changes: list[str] = []
    if new := [tier for tier in current if tier not in known]:
        changes.append(Worded("new: {tiers}", tiers=_names(new)))
    if gone := [tier for tier in stored if tier not in wanted]:
        changes.append(Worded("missing: {tiers}", tiers=_names(gone)))
    return Worded(
        "its Tiers were {old} and are now {new} ({changes})",
        old=len(known),
        new=len(wanted),
        changes=listed(changes, "; "),
    )


def _names(tiers: Sequence[str | None]) -> str:
    names = " ".join(str(tier) for tier in tiers[:_MOST_NAMES])
    more = len(tiers) - _MOST_NAMES
    return Worded("{names} and {n} more", names=names, n=more) if more > 0 else names
