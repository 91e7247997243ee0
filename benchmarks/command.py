"""Measure the whole command ``portone-async reconcile``, with many differences and all its files.

``python benchmarks/command.py`` prints the table of README.md: a million orders, of which 100,000
differ, confirmed by a request each and by batches, without a rate limit. The fake PortOne runs in
its own process. The operating system reports the CPU time and peak memory of the command when it
ends.
"""

from __future__ import annotations

import argparse
import csv
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import timedelta
from itertools import product
from pathlib import Path
from subprocess import PIPE, Popen

from msgspec import Struct
from reconcile import ready_url
from variants import DAY, KEYS, write_line

from portone_async.testing.generate import payments_of_a_day

# Requests per second: so many that none waits. The command has no option for "no limit".
_NO_LIMIT = "1e6"
_HEAD = (
    "| Findings | Confirmations | Orders | Different | Seconds | Requests | CPU s | Peak MB"
    " | Findings MB | Page MB |\n|---|---|---:|---:|---:|---:|---:|---:|---:|---:|"
)


class Ran(Struct, frozen=True):
    """A command that has ended."""

    seconds: float
    cpu: float
    peak: float
    """Megabytes (10 ** 6)."""
    output: str

    def number_before(self, word: str) -> str:
        """Return the number before a word of the output."""
        found = re.search(rf"([\d,]+) {word}", self.output)
        return "?" if found is None else found[1]


def write_orders(path: Path, number: int, differences: int) -> None:
    """Write the shop's orders for the payments of the fake; some have another amount."""
    step = number // differences
    with path.open("w", newline="", encoding="utf-8") as file:
        write = csv.writer(file).writerow
        write(("merchant_uid", "amount", "status"))
        for n, payment in enumerate(payments_of_a_day(number, DAY), 1):
            amount = payment["amount"] + (n % step == 1)
            write((payment["merchant_uid"], amount, payment["status"]))


def run_command(arguments: list[str], url: str) -> Ran:
    """Run ``portone-async`` with arguments until it ends.

    Raises:
        SystemExit: It could not run.
    """
    key, secret = KEYS
    environment = os.environ | {
        "PORTONE_IMP_KEY": key,
        "PORTONE_IMP_SECRET": secret,
        "PORTONE_BASE_URL": url,
    }
    command = [sys.executable, "-m", "portone_async", *arguments]
    began_at = time.perf_counter()
    process = Popen(command, env=environment, stdout=PIPE, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode not in {0, 1}:
        sys.exit(f"portone-async ended with {process.returncode}")
    # Linux counts in KiB, macOS in bytes.
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024) / 1e6
    seconds = time.perf_counter() - began_at
    return Ran(seconds, usage.ru_utime + usage.ru_stime, peak, output)


def measure(
    url: str, folder: Path, extension: str, confirm: str, options: argparse.Namespace
) -> str:
    """Run the command with one format of findings and one kind of confirmations; return its row."""
    out, report = folder / f"findings.{extension}", folder / "report.html"
    ran = run_command(
        [
            *("reconcile", str(folder / "orders.csv")),
            *("--since", DAY.isoformat(), "--until", (DAY + timedelta(days=1)).isoformat()),
            *("--rate", _NO_LIMIT, "--out", str(out), "--report", str(report)),
            *("--confirm", confirm),
        ],
        url,
    )
    write_line(ran.output)
    sizes = [path.stat().st_size / 1e6 for path in (out, report)]
    return (
        f"| {extension} | {confirm} | {options.orders:,} | {options.differences:,} | {ran.seconds:,.1f}"
        f" | {ran.number_before('requests')} | {ran.cpu:,.1f} | {ran.peak:,.0f}"
        f" | {sizes[0]:,.0f} | {sizes[1]:,.1f} |"
    )


def rows(options: argparse.Namespace) -> Iterator[str]:
    fake_arguments = ["--payments", str(options.orders), "--day", DAY.isoformat(), "--port", "0"]
    command = [sys.executable, "-m", "portone_async.testing", *fake_arguments]
    with tempfile.TemporaryDirectory() as name, Popen(command, stdout=PIPE, text=True) as fake:
        try:
            url, folder = ready_url(fake), Path(name)
            write_orders(folder / "orders.csv", options.orders, options.differences)
            for extension, confirm in product(options.formats, options.confirm):
                yield measure(url, folder, extension, confirm, options)
        finally:
            fake.terminate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--orders", type=int, default=1_000_000, metavar="N")
    parser.add_argument("--differences", type=int, default=100_000, metavar="N")
    parser.add_argument("--formats", nargs="+", default=["csv"], metavar="EXTENSION")
    parser.add_argument("--confirm", nargs="+", default=["single", "batch"], metavar="KIND")
    printed = list(rows(parser.parse_args()))
    write_line("\n".join(["", _HEAD, *printed]))


if __name__ == "__main__":
    main()
