"""Run episodes until a number of operations is done, or one shows a violation."""

from __future__ import annotations

import gc
from collections import Counter
from collections.abc import Callable
from random import Random

import msgspec
from msgspec import Struct, field

from .generate import make_plan
from .plan import Plan
from .report import Ending
from .run import Outcome, run_plan
from .shrink import shrink
from .subject import Subject

__all__ = ("Failure", "Figures", "search", "warm_up")

_JOBS = 8
_COLLECT_EVERY = 50


class Figures(Struct):
    """What was run."""

    episodes: int = 0
    operations: int = 0
    requests: int = 0
    kills: int = 0
    endings: Counter[Ending] = field(default_factory=Counter[Ending])
    faults: Counter[str] = field(default_factory=Counter[str])

    def add(self, outcome: Outcome) -> None:
        self.episodes += 1
        self.operations += len(outcome.calls)
        self.requests += outcome.requests
        self.kills += outcome.kills
        self.endings += outcome.endings
        self.faults += outcome.faults

    def __str__(self) -> str:
        endings = "  ".join(f"{ending} {self.endings[ending]}" for ending in Ending)
        return (
            f"operations {self.operations}  requests {self.requests}  "
            f"faults {self.faults.total()}  kills {self.kills}  |  {endings}"
        )


class Failure(Struct):
    """A plan that shows a violation."""

    plan: Plan
    outcome: Outcome

    @property
    def replay(self) -> str:
        """The plan as JSON, for ``--replay``."""
        return msgspec.json.encode(self.plan).decode()

    def __str__(self) -> str:
        return f"{self.outcome.history()}\npython -m tests.model --replay '{self.replay}'"


def warm_up(subject: Subject) -> None:
    """Run what the package does only once in an interpreter: it would shift the lines of a kill."""
    for seed in range(10):
        run_plan(make_plan(Random(seed), _JOBS), subject)


def search(
    subject: Subject,
    *,
    seed: int,
    operations: int,
    is_shrunk: bool = True,
    progress: Callable[[Figures], object] = lambda _: None,
) -> tuple[Figures, Failure | None]:
    """Run episodes of a seed until one shows a violation, and make that as small as it can be."""
    warm_up(subject)
    figures = Figures()
    draw = Random(seed)
    while figures.operations < operations:
        plan = make_plan(draw, _JOBS)
        outcome = run_plan(plan, subject)
        figures.add(outcome)
        if outcome.violations:
            failure = Failure(plan, outcome)
            return figures, _smaller(failure, subject) if is_shrunk else failure
        if figures.episodes % _COLLECT_EVERY == 0:
            gc.collect()
        progress(figures)
    return figures, None


def _smaller(failure: Failure, subject: Subject) -> Failure:
    plan = shrink(failure.plan, lambda other: bool(run_plan(other, subject).violations))
    outcome = run_plan(plan, subject)
    # Otherwise it depends on what ran before: show the episode as it was.
    return Failure(plan, outcome) if outcome.violations else failure
