"""Measure what the package adds to the import time of its dependencies.

``python benchmarks/importing.py`` prints a table. Each import runs in a fresh interpreter with
compiled bytecode and is timed inside it, so Python's own start is not included. In every round,
each program runs once, in random order, and is compared with the dependencies of the same round:
a ratio does not depend on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from msgspec import Struct

_DEPENDENCIES = "import aiohttp, aiolimiter, msgspec, tenacity"
_PACKAGE = "import portone_async"
_TIMED = """
import json, sys, time
modules, began_at = len(sys.modules), time.perf_counter()
{first}
between, between_at = len(sys.modules), time.perf_counter()
{then}
ended_at = time.perf_counter()
print(json.dumps([
    1000 * (between_at - began_at), between - modules,
    1000 * (ended_at - between_at), len(sys.modules) - between,
]))
"""
_SOURCE = Path(__file__).resolve().parent.parent


class Program(Struct, frozen=True):
    """Two imports, of which the second is measured."""

    name: str
    then: str
    first: str = "pass"


_BASE = Program("the four dependencies", _DEPENDENCIES)
_PROGRAMS = (
    _BASE,
    Program("`portone_async`, dependencies included", _PACKAGE),
    Program("**what `portone_async` adds to the dependencies**", _PACKAGE, _DEPENDENCIES),
    Program("`aiohttp` alone", "import aiohttp"),
)


class Imported(Struct, frozen=True):
    """The result of one interpreter."""

    milliseconds: float
    modules: int


def run_program(program: Program, bytecode: Path) -> Imported:
    """Run a program in its own interpreter, with its bytecode in this folder."""
    script = _TIMED.format(first=program.first, then=program.then)
    # The source beside this file; without it, the installed package.
    path = os.pathsep.join(filter(None, (str(_SOURCE), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"PYTHONPATH": path, "PYTHONPYCACHEPREFIX": str(bytecode)}
    # With this, every import would compile its source, which takes longer than everything else.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    output = subprocess.check_output([sys.executable, "-c", script], env=environment, text=True)
    _, _, milliseconds, modules = json.loads(output)
    return Imported(milliseconds, modules)


def measure(rounds: int) -> dict[str, list[Imported]]:
    """Return the results of each program, one per round."""
    order = list(_PROGRAMS)
    results: dict[str, list[Imported]] = {program.name: [] for program in order}
    with tempfile.TemporaryDirectory() as folder:
        bytecode = Path(folder)
        for program in order:
            run_program(program, bytecode)  # writes the bytecode and warms the file cache
        for _ in range(rounds):
            random.shuffle(order)
            for program in order:
                results[program.name].append(run_program(program, bytecode))
    return results


def table(results: dict[str, list[Imported]]) -> str:
    lines = [
        "| Import of | ms | fastest … slowest | ratio to the dependencies | Modules |",
        "|---|---:|---:|---:|---:|",
    ]
    base = results[_BASE.name]
    for name, runs in results.items():
        times = [run.milliseconds for run in runs]
        ratio = median(a.milliseconds / b.milliseconds for a, b in zip(runs, base, strict=True))
        lines.append(
            f"| {name} | {median(times):.1f} | {min(times):.1f} … {max(times):.1f}"
            f" | {ratio:.3f} | {runs[0].modules} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25, metavar="N")
    options = parser.parse_args(arguments)
    print(table(measure(options.rounds)))
    print(f"\nMedians of {options.rounds} processes each; Python {sys.version.split()[0]}.")


if __name__ == "__main__":
    main()
