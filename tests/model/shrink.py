"""Shrink a plan that shows a violation."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace

from .faults import Fault
from .plan import Delivery, Job, Plan

__all__ = ("shrink",)

_MOST_RUNS = 3000


def shrink(plan: Plan, is_violated: Callable[[Plan], bool]) -> Plan:
    """Remove and simplify parts of a plan as long as it shows a violation."""
    runs = 0
    is_smaller = True
    while is_smaller:
        is_smaller = False
        for candidate in _smaller(plan):
            runs += 1
            if runs > _MOST_RUNS:
                return plan
            if is_violated(candidate):
                plan, is_smaller = candidate, True
                break
    return plan


def _smaller(plan: Plan) -> Iterator[Plan]:
    for jobs in _shorter(plan.jobs, _smaller_jobs):
        yield replace(plan, jobs=jobs)
    for intrusions in _shorter(plan.intrusions):
        yield replace(plan, intrusions=intrusions)
    yield from _reset(plan, "options", "seed")


def _smaller_jobs(job: Job) -> Iterator[Job]:
    for deliveries in _shorter(job.deliveries, _smaller_deliveries):
        if deliveries:
            yield replace(job, deliveries=deliveries)
    yield from _reset(job, "starts_at")


def _smaller_deliveries(delivery: Delivery) -> Iterator[Delivery]:
    yield from _reset(
        delivery, "close_after", "kill_at", "cancel", "overlaps", "delay", "process", "latency"
    )
    for faults in _shorter(delivery.faults, _smaller_faults):
        yield replace(delivery, faults=faults)


def _smaller_faults(fault: Fault) -> Iterator[Fault]:
    if fault != Fault():
        yield Fault()
    yield from _reset(fault, "outage")


def _reset(part: Any, *names: str) -> Iterator[Any]:
    """Yield the part with each field at its default, where it is not."""
    defaults = dict(zip(part.__struct_fields__[::-1], part.__struct_defaults__[::-1], strict=False))
    for name in names:
        if getattr(part, name) != defaults[name]:
            yield replace(part, **{name: defaults[name]})


def _shorter(
    parts: tuple[Any, ...], smaller: Callable[[Any], Iterator[Any]] | None = None
) -> Iterator[tuple[Any, ...]]:
    """Yield the parts without a half, without one, and with one that is smaller."""
    half = len(parts) // 2
    if half > 1:
        yield parts[:half]
        yield parts[half:]
    for i in range(len(parts)):
        yield parts[:i] + parts[i + 1 :]
    if smaller is not None:
        for i, part in enumerate(parts):
            for candidate in smaller(part):
                yield (*parts[:i], candidate, *parts[i + 1 :])
