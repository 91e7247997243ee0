"""``python -m tests.soak --minutes 30``: exit code 1 for any violation."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from random import SystemRandom

from .run import Plan, soak


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, help="to repeat the same orders and faults")
    parser.add_argument(
        "--rate", type=float, default=200.0, help="requests a second (default: %(default)g)"
    )
    options = parser.parse_args(arguments)
    seed = SystemRandom().randrange(10**6) if options.seed is None else options.seed
    _print(f"seed {seed}, {options.minutes:g} minutes")
    plan = Plan(seed=seed, seconds=60 * options.minutes, rate=options.rate)
    tally = asyncio.run(soak(plan, _print))
    _print(f"{tally.violations.total()} violations")
    return 1 if tally.violations else 0


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
