"""Announce long confirmations, and the partitions of a run."""

from __future__ import annotations

from gettext import gettext as _

from portone_async.cli.streams import print_error
from portone_async.reconcile import Confirm, ConfirmationPlan, Plan

__all__ = ("announcement", "print_announcement", "print_partitions")

# Seconds: shorter confirmations are not announced.
_LONG = 10.0
_MINUTE, _HOUR = 60, 3600


def print_announcement(plan: ConfirmationPlan, confirm: Confirm) -> None:
    """Print to stderr how many orders will be confirmed and how long that takes, if it is long."""
    if plan.seconds is not None and plan.seconds >= _LONG:
        print_error(announcement(plan, plan.seconds, confirm))


def announcement(plan: ConfirmationPlan, seconds: float, confirm: Confirm) -> str:
    """Describe the confirmations to come."""
    text = _(
        "confirming {orders} orders that differ, the largest difference first: {requests} "
        "requests, at least {time}"
    ).format(orders=f"{plan.orders:,}", requests=f"{plan.requests:,}", time=_duration(seconds))
    if confirm == "batch":
        return text
    hint = _("--confirm batch needs a hundredth of the requests (see --help)")
    return f"{text}. {hint}"


def print_partitions(
    plan: Plan, *, unfinished: int, requests: int, changed: int, rate: float
) -> None:
    """Print to stderr what a run in partitions will do.

    Args:
        plan: The partitions; its margins are not counted.
        unfinished: How many of them remain.
        requests: How many requests it needs at least.
        changed: How many finished ones, margins included, have other orders now.
        rate: Requests per second.
    """
    text = _(
        "{partitions} partitions ({tiers} Tiers), {done} of them finished before: at least "
        "{requests} requests, {time}"
    )
    if changed:
        note = _("the orders of {n} finished partitions have changed: they are reconciled again")
        print_error(note.format(n=f"{changed:,}"))
    total = sum(not partition.is_margin for partition in plan)
    print_error(
        text.format(
            partitions=f"{total:,}",
            tiers=f"{len(plan.tiers):,}",
            done=f"{total - unfinished:,}",
            requests=f"{requests:,}",
            time=_duration(requests / rate),
        )
    )


def _duration(seconds: float) -> str:
    """Round down to seconds below two minutes, and to minutes above."""
    if seconds < 2 * _MINUTE:
        return _("{n} s").format(n=int(seconds))
    if seconds < 2 * _HOUR:
        return _("{n} min").format(n=int(seconds / _MINUTE))
    hours, rest = divmod(int(seconds), _HOUR)
    return _("{hours} h {minutes} min").format(hours=f"{hours:,}", minutes=rest // _MINUTE)
