"""Measure the instructions of a look-up, which other programs do not disturb.

``python benchmarks/instructions.py`` prints a table. It needs nginx and valgrind, whose cachegrind
counts the instructions that the process of a peer executes in user space, with OpenSSL's over TLS:
once for a few calls, once for more. The difference divided by the additional calls is the cost of a
call. Kernel instructions are not counted; they are much the same for all peers.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import product
from pathlib import Path

from calls import FLOOR
from nginx import nginx
from peers import PEERS

_PEERS = Path(__file__).with_name("peers.py")
_CACHEGRIND = (
    *("valgrind", "--tool=cachegrind"),
    *("--cache-sim=no", "--cachegrind-out-file=/dev/null"),
)
_WARM_UP = 200
_FEW, _MANY = 1, 501


def executed(arguments: tuple[str, ...], environment: dict[str, str], calls: int) -> int:
    """Return the instructions of a whole process that makes a number of calls."""
    done = subprocess.run(
        [*_CACHEGRIND, sys.executable, str(_PEERS), *arguments, str(_WARM_UP), str(calls)],
        # The same hashes, so that both runs import and start with the same instructions.
        env=environment | {"PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    counted = re.search(r"I\s+refs:\s+([\d,]+)", done.stderr)
    if done.returncode != 0 or counted is None:
        sys.exit(done.stderr)
    return int(counted[1].replace(",", ""))


def executed_per_call(arguments: tuple[str, ...], environment: dict[str, str]) -> float:
    with ThreadPoolExecutor() as pool:
        few, many = pool.map(lambda calls: executed(arguments, environment, calls), (_FEW, _MANY))
    return (many - few) / (_MANY - _FEW)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--concurrency", type=int, default=50)
    parser.add_argument("--loops", nargs="+", default=["asyncio", "uvloop"])
    parser.add_argument("--ways", nargs="+", default=["plain HTTP", "TLS"])
    parser.add_argument(
        "--peers", nargs="+", choices=PEERS, default=["portone_async", FLOOR, "protocol"]
    )
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        sys.exit("valgrind is missing: apt-get install valgrind")
    print(f"Python {sys.version.split()[0]}, {options.concurrency} at once:\n")
    print("| Client | Loop | Over | Thousand instructions per call | ÷ floor |")
    print("|---|---|---|---:|---:|")
    with nginx() as server:
        for loop, way in product(options.loops, options.ways):
            url = server.urls[way]
            cost = {
                peer: executed_per_call(
                    (peer, url, str(options.concurrency), loop), server.environment
                )
                for peer in options.peers
            }
            for peer, count in cost.items():
                row = (peer, loop, way, f"{count / 1000:.0f}", f"{count / cost[FLOOR]:.2f}")
                print(f"| {' | '.join(row)} |", flush=True)


if __name__ == "__main__":
    main()
