"""Measure the instructions of a look-up, which other programs do not disturb.

``python benchmarks/instructions.py`` prints a table. It needs nginx and valgrind, whose cachegrind
counts the instructions that the process of a peer executes in user space: once for a few calls,
once for more. The difference divided by the additional calls is the cost of a call. Kernel
instructions are not counted; they are much the same for all peers.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from pathlib import Path

from calls import FLOOR, nginx
from peers import PEERS

_PEERS = Path(__file__).with_name("peers.py")
_FEW, _MANY = 100, 500


def executed(peer: str, url: str, concurrency: int, loop: str, calls: int) -> int:
    """Return the instructions of a whole process that makes a number of calls."""
    done = subprocess.run(
        [
            *("valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"),
            *(sys.executable, str(_PEERS), peer, url, str(concurrency), loop),
        ],
        input=f"{calls}\n",
        capture_output=True,
        text=True,
        check=True,
    )
    counted = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    assert counted is not None, done.stderr
    return int(counted[1].replace(",", ""))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--concurrency", type=int, default=50)
    parser.add_argument("--loops", nargs="+", default=["asyncio", "uvloop"])
    parser.add_argument(
        "--peers",
        nargs="+",
        choices=PEERS,
        default=["portone_async", FLOOR, "textbook stack", "async-iamport", "protocol"],
    )
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is missing: apt-get install valgrind")
    print(f"Python {sys.version.split()[0]}, {options.concurrency} at once:\n")
    print("| Client | Loop | Thousand instructions per call | ÷ floor |\n|---|---|---:|---:|")
    with nginx() as url:
        for loop in options.loops:
            cost: dict[str, float] = {}
            for peer in options.peers:
                few, many = (
                    executed(peer, url, options.concurrency, loop, calls) for calls in (_FEW, _MANY)
                )
                cost[peer] = (many - few) / (_MANY - _FEW)
            for peer, count in cost.items():
                print(f"| {peer} | {loop} | {count / 1000:.0f} | {count / cost[FLOOR]:.2f} |")


if __name__ == "__main__":
    main()
