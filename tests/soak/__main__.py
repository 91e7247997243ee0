"""``python -m tests.soak --minutes 30``: exit code 1 for any violation."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Sequence
from random import SystemRandom

from tests.support.forced_way import WAYS, Way, forced

from .run import Plan, soak
from .tally import Tally


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=1.0)
    parser.add_argument("--seed", type=int, help="to repeat the same orders and faults")
    parser.add_argument(
        "--rate", type=float, default=200.0, help="requests a second (default: %(default)g)"
    )
    parser.add_argument(
        "--way", choices=WAYS, help="of the exchanges (default: the client's choice)"
    )
    options = parser.parse_args(arguments)
    seed = SystemRandom().randrange(10**6) if options.seed is None else options.seed
    _print(f"seed {seed}, {options.minutes:g} minutes")
    plan = Plan(seed=seed, seconds=60 * options.minutes, rate=options.rate)
    tally = _soak(plan, options.way)
    _print(f"{tally.violations.total()} violations")
    return 1 if tally.violations else 0


def _soak(plan: Plan, way: Way | None) -> Tally:
    if way is None:
        return asyncio.run(soak(plan, _print))
    with forced(way) as exchanges:
        tally = asyncio.run(soak(plan, _print))
    if set(+exchanges) != {way}:
        tally.add_violation("way", f"exchanges of each way: {dict(exchanges)}")
    return tally


def _print(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
