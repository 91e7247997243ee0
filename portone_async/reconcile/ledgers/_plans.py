"""Plans as text, and the differences between two of them. Pure."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

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
        result.append(f"its period was {_period(stored)} and is now {_period(current)}")
    elif stored.since.utcoffset() != current.since.utcoffset():
        result.append(f"its time zone was {stored.since.tzinfo} and is now {current.since.tzinfo}")
    if stored.every != current.every:
        result.append(f"its partitions were {stored.every} long and are now {current.every} long")
    if stored.margin != current.margin:
        result.append(f"its margin was {stored.margin} and is now {current.margin}")
    if set(stored.statuses) != set(current.statuses):
        result.append(
            f"its statuses were {' '.join(stored.statuses)} and are now "
            f"{' '.join(current.statuses)}"
        )
    return result


def _period(plan: Plan) -> str:
    return f"{plan.since.isoformat()} until {plan.until.isoformat()}"


def _tiers(stored: Sequence[str | None], current: Sequence[str | None]) -> str:
    known, wanted = set(stored), set(current)
    changes: list[str] = []
    if new := [tier for tier in current if tier not in known]:
        changes.append(f"new: {_names(new)}")
    if gone := [tier for tier in stored if tier not in wanted]:
        changes.append(f"missing: {_names(gone)}")
    return f"its Tiers were {len(known)} and are now {len(wanted)} ({'; '.join(changes)})"


def _names(tiers: Sequence[str | None]) -> str:
    names = [str(tier) for tier in tiers[:_MOST_NAMES]]
    if len(tiers) > _MOST_NAMES:
        names.append(f"and {len(tiers) - _MOST_NAMES} more")
    return " ".join(names)
