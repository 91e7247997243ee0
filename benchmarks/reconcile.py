"""Measure the checking of orders: speed, requests, CPU time and memory.

``python benchmarks/reconcile.py --orders 100000 --million`` prints the table of README.md.

The fake PortOne and each variant (``variants.py``) run in their own processes. The operating system
reports the CPU time and peak memory of a variant when it ends, even if it was killed.
"""

from __future__ import annotations

import argparse
import csv
import os
import signal
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from itertools import zip_longest
from pathlib import Path
from subprocess import PIPE, Popen
from typing import Self

from msgspec import Struct
from variants import DAY, write_line

from portone_async.reconcile import Store
from portone_async.testing.generate import payments_of_a_day

_MILLION = 1_000_000
# The lifetimes of the killed processes, as fractions of the undisturbed run. The first ends while
# orders are still being loaded, the last when most orders have a finding.
_LIVES = (0.05, 0.2, 0.2, 0.2, 0.2)
_VARIANTS = Path(__file__).with_name("variants.py")
_HEAD = (
    "| Variant | Orders | Seconds | Orders/s | Requests | CPU s | Peak MB |\n"
    "|---|---:|---:|---:|---:|---:|---:|"
)


class Cost(Struct, frozen=True):
    """The cost of a variant over all its processes."""

    seconds: float
    cpu: float
    peak: float
    """Megabytes (10 ** 6) of the largest process."""
    requests: int

    def plus(self, other: Self) -> Self:
        return type(self)(
            self.seconds + other.seconds,
            self.cpu + other.cpu,
            max(self.peak, other.peak),
            self.requests + other.requests,
        )

    def row(self, name: str, orders: int) -> str:
        return (
            f"| {name} | {orders:,} | {self.seconds:,.1f} | {orders / self.seconds:,.0f}"
            f" | {self.requests:,} | {self.cpu:,.1f} | {self.peak:,.0f} |"
        )


class Bench:
    """A fake PortOne with a day's payments, and the orders of that day."""

    def __init__(self, url: str, folder: Path, number: int) -> None:
        self._url = url
        self._folder = folder
        self._orders = folder / f"orders-{number}.csv"
        self._number = number
        write_orders(self._orders, number)

    def measure(
        self, variant: str, *, store: Path | None = None, kill_after: float | None = None
    ) -> Cost:
        """Run a variant in its own process until it ends or is killed.

        Raises:
            SystemExit: The process ended in another way.
        """
        requests = self._folder / "requests"
        requests.write_bytes(b"")
        paths = [self._orders, requests] if store is None else [self._orders, requests, store]
        command = [sys.executable, str(_VARIANTS), variant, self._url, *map(str, paths)]
        began_at = time.perf_counter()
        # With byte code, as an installed package has it.
        environment = {
            name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"
        }
        process = Popen(command, env=environment)
        if kill_after is not None:
            time.sleep(kill_after)
            process.send_signal(signal.SIGKILL)
        # On Linux the reported peak starts from the size of *this* process, so keep that small.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began_at
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != (0 if kill_after is None else -signal.SIGKILL):
            sys.exit(f"{variant} ended with {process.returncode}")
        return Cost(
            seconds,
            usage.ru_utime + usage.ru_stime,
            # Linux counts in KiB, macOS in bytes.
            usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6,
            requests.stat().st_size,
        )

    def measure_killed(self, store: Path, undisturbed: float) -> Cost:
        """Run the sweep, killed at moments spread over the time of the undisturbed run."""
        cost = Cost(0.0, 0.0, 0.0, 0)
        for part in _LIVES:
            life = self.measure("sweep", store=store, kill_after=undisturbed * part)
            write_line(f"  killed after {life.seconds:.1f} s and {life.requests} requests")
            cost = cost.plus(life)
        return cost.plus(self.measure("sweep", store=store))

    def report(self, name: str, cost: Cost) -> str:
        row = cost.row(name, self._number)
        write_line(row)
        return row


def write_orders(path: Path, number: int) -> None:
    """Write the shop's orders for the payments of the fake; three of 10,000 differ.

    One has another amount, one was never paid, and one payment has no order.
    """
    with path.open("w", newline="", encoding="utf-8") as file:
        write = csv.writer(file).writerow
        for n, payment in enumerate(payments_of_a_day(number, DAY), 1):
            merchant_uid, amount = payment["merchant_uid"], payment["amount"]
            match n % 10_000:
                case 2_000:
                    amount += 1
                case 4_000:
                    merchant_uid += "-unpaid"
                case _:
                    pass
            write((merchant_uid, amount, payment["status"]))


@contextmanager
def bench(number: int) -> Generator[Bench]:
    """Start the fake with a number of payments; stop it afterwards."""
    day = DAY.isoformat()
    arguments = ["--payments", str(number), "--day", day, "--port", "0"]
    command = [sys.executable, "-m", "portone_async.testing", *arguments]
    with tempfile.TemporaryDirectory() as folder, Popen(command, stdout=PIPE, text=True) as fake:
        try:
            yield Bench(ready_url(fake), Path(folder), number)
        finally:
            fake.terminate()


def ready_url(fake: Popen[str]) -> str:
    """Wait until the fake listens; return its URL."""
    assert fake.stdout is not None
    for line in fake.stdout:
        if line.startswith("ready "):
            return line.split()[1]
    sys.exit("the fake PortOne did not start")


def differences(first: Path, second: Path) -> int:
    """Return the number of findings that differ between two stores."""
    with Store.open(first) as left, Store.open(second) as right:
        left_summary, right_summary = left.summary(), right.summary()
        if (left_summary.counts, left_summary.amounts) != (
            right_summary.counts,
            right_summary.amounts,
        ):
            write_line("  the figures differ")
        return sum(a != b for a, b in zip_longest(left.findings(), right.findings()))


def compare_variants(number: int, singles: int) -> Iterator[str]:
    """Check the same day with each of the four variants."""
    with bench(singles) as few:
        yield few.report("`gather` of `find`", few.measure("gather"))
        yield few.report("`find_many`", few.measure("find_many"))
    with bench(number) as many, tempfile.TemporaryDirectory() as folder:
        yield many.report("`get_many`", many.measure("get_many"))
        yield many.report("sweep", many.measure("sweep", store=Path(folder, "run.db")))


def sweep_killed(number: int) -> Iterator[str]:
    """Sweep undisturbed, then killed and resumed, and compare the findings."""
    with bench(number) as day, tempfile.TemporaryDirectory() as folder:
        undisturbed, killed = Path(folder, "undisturbed.db"), Path(folder, "killed.db")
        cost = day.measure("sweep", store=undisturbed)
        yield day.report("sweep", cost)
        total = day.measure_killed(killed, cost.seconds)
        yield day.report(f"sweep, killed and resumed {len(_LIVES)} times", total)
        different = differences(undisturbed, killed)
        write_line(f"  findings that differ from the undisturbed run: {different}")
        if different:
            sys.exit(1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=100_000, metavar="N")
    parser.add_argument(
        "--singles", type=int, metavar="N", help="orders for gather and find_many, if fewer"
    )
    parser.add_argument(
        "--million",
        action="store_true",
        help="also sweep a million orders, undisturbed, then killed and resumed",
    )
    parser.add_argument("--killed", type=int, metavar="N", help="as --million, with N orders")
    options = parser.parse_args()
    rows: list[str] = []
    if options.orders:
        rows += compare_variants(options.orders, options.singles or options.orders)
    if options.million or options.killed:
        rows += sweep_killed(options.killed or _MILLION)
    write_line("\n".join(["", _HEAD, *rows]))


if __name__ == "__main__":
    main()
