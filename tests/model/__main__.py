"""``python -m tests.model --seed 1 --operations 100000``: exit code 1 for any violation."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from random import SystemRandom

import msgspec

from .plan import Plan
from .run import run_plan
from .search import Figures, search, warm_up
from .subject import PackageSubject

_PROGRESS_EVERY = 5000


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.model", description=__doc__)
    parser.add_argument("--seed", type=int, help="to repeat the same episodes")
    parser.add_argument("--operations", type=int, default=10_000)
    parser.add_argument("--replay", metavar="JSON", help="run one episode, as a failure prints it")
    options = parser.parse_args(arguments)
    if options.replay is not None:
        return _replay(msgspec.json.decode(options.replay, type=Plan))
    seed = SystemRandom().randrange(10**6) if options.seed is None else options.seed
    _print(f"seed {seed}, {options.operations} operations")
    figures, failure = search(
        PackageSubject(), seed=seed, operations=options.operations, progress=_Progress().show
    )
    _print(str(figures))
    for kind, number in sorted(figures.faults.items()):
        _print(f"    {kind}: {number}")
    if failure is not None:
        _print(str(failure))
    _print(f"seed {seed}: {'a violation' if failure else 'no violation'}")
    return 0 if failure is None else 1


def _replay(plan: Plan) -> int:
    warm_up(PackageSubject())
    outcome = run_plan(plan, PackageSubject())
    _print(outcome.history())
    return 1 if outcome.violations else 0


class _Progress:
    """Prints the figures each few thousand operations."""

    def __init__(self) -> None:
        self._next = _PROGRESS_EVERY

    def show(self, figures: Figures) -> None:
        if figures.operations >= self._next:
            self._next += _PROGRESS_EVERY
            _print(str(figures))


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
