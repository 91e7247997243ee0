"""Measure the cost of a look-up relative to plain aiohttp, and that of other clients.

``python benchmarks/calls.py`` prints the tables of README.md. It needs nginx and the ``bench``
extra.

nginx on its own core (``nginx.py``) answers each request with the same recorded body, so that the
server is never the bottleneck. Every order number is different, because libraries cache the last
URLs. Rounds alternate between the peers, so that a disturbance of the machine affects all of them.
In each round a peer runs in a new process (``peers.py``) on another core. asyncio allocates 256 KB
for each read: whether glibc maps and unmaps them every time depends on the memory of the process,
and costs a tenth of a call or more. The page faults show it. The ratio of a peer is the median of
the ratios of its rounds to the same rounds of the floor.
"""

from __future__ import annotations

import argparse
import sys
from itertools import product
from pathlib import Path
from statistics import median
from subprocess import PIPE, Popen

import msgspec
from msgspec import Struct
from nginx import nginx, pin
from peers import PEERS, THREADS

FLOOR = "aiohttp + msgspec"
SLOW = {"httpx", "niquests", THREADS}
"""Peers that take several times as long as the floor. They are measured at 50 at once, with a
quarter of the calls and in a third of the rounds."""
_PEERS = Path(__file__).with_name("peers.py")


class Setting(Struct, frozen=True):
    """How look-ups are made."""

    url: str
    loop: str
    concurrency: int
    calls: int
    """Look-ups of a round."""


class Round(Struct, frozen=True):
    """The cost of a look-up of one peer in one round."""

    seconds: float
    """Wall-clock seconds."""
    cpu: float
    """CPU seconds of the client's process, user and system."""
    faults: float
    """Page faults of the client's process that needed no disk."""


def one_round(peer: str, setting: Setting, environment: dict[str, str]) -> Round | None:
    """Return the cost of a look-up in a new process, or None if it ended itself."""
    calls = setting.calls // 4 if peer in SLOW else setting.calls
    # For connections and caches, and not counted. After fewer, httpx takes three times as long.
    warm_up = 1000
    arguments = [
        peer,
        setting.url,
        str(setting.concurrency),
        setting.loop,
        str(warm_up),
        str(calls),
    ]
    with Popen(
        [sys.executable, *("-W", "ignore"), str(_PEERS), *arguments], env=environment, stdout=PIPE
    ) as process:
        pin(process.pid, 0)
        output, _ = process.communicate()
    return msgspec.json.decode(output, type=Round) if process.returncode == 0 else None


def measured(
    peers: list[str], setting: Setting, environment: dict[str, str], rounds: int
) -> dict[str, list[Round | None]]:
    """Return the rounds of each peer: None where it was left out, or ended itself."""
    results: dict[str, list[Round | None]] = {peer: [] for peer in peers}
    for number in range(rounds):
        for peer in peers:
            left_out = peer in SLOW and number % 3 != 0
            results[peer].append(None if left_out else one_round(peer, setting, environment))
    return results


def table(results: dict[str, list[Round | None]]) -> str:
    lines = [
        "| Client | CPU µs | CPU ÷ floor | lowest … highest | Page faults | Calls per second |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for peer, rounds in results.items():
        pairs = zip(rounds, results[FLOOR], strict=True)
        both = [(own, floor) for own, floor in pairs if own is not None and floor is not None]
        lines.append(f"| {peer} | {cost(both) if both else 'ended itself | | | |'} |")
    return "\n".join(lines)


def cost(rounds: list[tuple[Round, Round]]) -> str:
    """Return the columns of a peer, from its rounds and those of the floor."""
    ratios = [own.cpu / floor.cpu for own, floor in rounds]
    cpu, seconds, faults = (
        median(getattr(own, name) for own, _ in rounds) for name in ("cpu", "seconds", "faults")
    )
    return (
        f"{cpu * 1e6:.0f} | {median(ratios):.2f} | {min(ratios):.2f} … {max(ratios):.2f}"
        f" | {faults:.1f} | {1 / seconds:,.0f}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--calls", type=int, default=2000, help="of a round")
    parser.add_argument("--plain", type=int, nargs="*", default=[1, 50, 500], help="calls at once")
    parser.add_argument("--tls", type=int, nargs="*", default=[1, 50], help="calls at once")
    parser.add_argument("--loops", nargs="+", default=["asyncio", "uvloop"])
    parser.add_argument("--peers", nargs="+", default=[*PEERS, THREADS], help="with the floor")
    options = parser.parse_args()
    version = sys.version.split(maxsplit=1)[0]
    ways = [
        *(("plain HTTP", concurrency) for concurrency in options.plain),
        *(("TLS", concurrency) for concurrency in options.tls),
    ]
    with nginx() as server:
        for loop, (way, concurrency) in product(options.loops, ways):
            setting = Setting(server.urls[way], loop, concurrency, options.calls)
            peers = [
                peer
                for peer in options.peers
                if (peer not in SLOW or concurrency == 50)
                and (peer != THREADS or loop == "asyncio")
            ]
            results = measured(peers, setting, server.environment, options.rounds)
            print(f"\nPython {version}, {loop}, {way}, {concurrency} at once:\n")
            print(table(results), flush=True)


if __name__ == "__main__":
    main()
