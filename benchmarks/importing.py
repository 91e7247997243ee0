"""What importing the client adds to importing what it stands on.

``python benchmarks/importing.py`` prints a table. Every import is made by a fresh interpreter with
its bytecode in place, a turn each in every round, and timed inside it: Python's own start is in no
figure. The package is lazy, so what is imported is what a program of its users would name.
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
_CLIENT = "from portone_async import Payment, PortOneClient, PortOneError"
_ALL = "from portone_async import *"
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
    """Two imports, one after the other, of which the second is told."""

    name: str
    then: str
    first: str = "pass"


_PROGRAMS = (
    Program("the four dependencies", _DEPENDENCIES),
    Program("`Payment, PortOneClient, PortOneError`, dependencies included", _CLIENT),
    Program("**what the three names add to the dependencies**", _CLIENT, _DEPENDENCIES),
    Program("what every public name adds to them", _ALL, _DEPENDENCIES),
    Program("`import portone_async` alone", "import portone_async"),
    Program("`aiohttp` alone", "import aiohttp"),
)


class Imported(Struct, frozen=True):
    """What one interpreter measured."""

    milliseconds: float
    modules: int


def imported(program: Program, bytecode: Path) -> Imported:
    """Run it in an interpreter of its own, that keeps its bytecode in this folder."""
    script = _TIMED.format(first=program.first, then=program.then)
    # From the source beside this file; where there is none, the installed package is found.
    path = os.pathsep.join(filter(None, (str(_SOURCE), os.environ.get("PYTHONPATH"))))
    environment = os.environ | {"PYTHONPATH": path, "PYTHONPYCACHEPREFIX": str(bytecode)}
    # Where this is set, every import would compile its source, which takes longer than all else.
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    output = subprocess.check_output([sys.executable, "-c", script], env=environment, text=True)
    _, _, milliseconds, modules = json.loads(output)
    return Imported(milliseconds, modules)


def measured(rounds: int) -> dict[str, list[Imported]]:
    """What each program measured in each round."""
    turns = list(_PROGRAMS)
    runs: dict[str, list[Imported]] = {program.name: [] for program in turns}
    with tempfile.TemporaryDirectory() as folder:
        bytecode = Path(folder)
        for program in turns:
            imported(program, bytecode)  # Writes it, and has the system keep the files at hand.
        for _ in range(rounds):
            random.shuffle(turns)
            for program in turns:
                runs[program.name].append(imported(program, bytecode))
    return runs


def table(runs: dict[str, list[Imported]]) -> str:
    lines = ["| Import of | ms | fastest … slowest | Modules |", "|---|---:|---:|---:|"]
    for name, results in runs.items():
        times = [run.milliseconds for run in results]
        lines.append(
            f"| {name} | {median(times):.1f} | {min(times):.1f} … {max(times):.1f}"
            f" | {results[0].modules} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25, metavar="N")
    options = parser.parse_args(arguments)
    print(table(measured(options.rounds)))
    print(f"\nMedians of {options.rounds} processes each; Python {sys.version.split()[0]}.")


if __name__ == "__main__":
    main()
