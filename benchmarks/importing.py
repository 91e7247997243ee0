"""Measure the import of the package against that of its dependencies, and the help of the command.

``python benchmarks/importing.py`` prints two tables. Each import runs in a fresh interpreter with
compiled bytecode and is timed inside it, so Python's own start is not included. Each command is
timed from outside, as a whole process. In every round, each program runs once, in random order, and
is compared with the first row of the same round: a ratio does not depend on the machine.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from statistics import median
from typing import TypeVar

from msgspec import Struct

_DEPENDENCIES = "import aiohttp, aiolimiter, msgspec, tenacity"
_CLIENT = "from portone_async import PortOneClient"
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


T = TypeVar("T")


class Program(Struct, frozen=True):
    """Two imports, of which the second is measured."""

    name: str
    then: str
    first: str = "pass"


_BASE = Program("the four dependencies", _DEPENDENCIES)
_PROGRAMS = (
    _BASE,
    Program("the client, dependencies included", _CLIENT),
    Program("**what the client adds to the dependencies**", _CLIENT, _DEPENDENCIES),
    Program("`portone_async` alone, before its first name is used", "import portone_async"),
    Program("`aiohttp` alone", "import aiohttp"),
)
_MAIN = "import sys; from portone_async.cli import main; sys.exit(main(sys.argv[1:]))"
_COMMANDS = {
    "Python that does nothing": ["-c", "pass"],
    "**`portone-async --help`**": ["-c", _MAIN, "--help"],
    "`portone-async --version`": ["-c", _MAIN, "--version"],
    "`portone-async reconcile --help`": ["-c", _MAIN, "reconcile", "--help"],
    "`portone-async --completion bash`": ["-c", _MAIN, "--completion", "bash"],
    "`portone-async reconcile`, wrong usage": ["-c", _MAIN, "reconcile"],
    "Python that imports the client": ["-c", _CLIENT],
}


class Imported(Struct, frozen=True):
    """The result of one interpreter."""

    milliseconds: float
    modules: int


class Ran(Struct, frozen=True):
    """The cost of one process."""

    milliseconds: float
    cpu: float
    """Milliseconds of user and system time."""


def run_program(program: Program, environment: Mapping[str, str]) -> Imported:
    """Run a program in its own interpreter."""
    script = _TIMED.format(first=program.first, then=program.then)
    output = subprocess.check_output([sys.executable, "-c", script], env=environment, text=True)
    _, _, milliseconds, modules = json.loads(output)
    return Imported(milliseconds, modules)


def run_command(arguments: Sequence[str], environment: Mapping[str, str]) -> Ran:
    """Run a command as a process of its own, and wait for its end."""
    began_at = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    milliseconds = 1000 * (time.perf_counter() - began_at)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Ran(milliseconds, 1000 * (usage.ru_utime + usage.ru_stime))


@contextmanager
def environment_with_bytecode() -> Generator[Mapping[str, str]]:
    """Yield the environment of the processes: bytecode in a temporary folder, this source."""
    # The source beside this file; without it, the installed package.
    path = os.pathsep.join(filter(None, (str(_SOURCE), os.environ.get("PYTHONPATH"))))
    with tempfile.TemporaryDirectory() as folder:
        environment = os.environ | {"PYTHONPATH": path, "PYTHONPYCACHEPREFIX": folder}
        # With this, every import would compile its source, which takes longer than everything else.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        yield environment


def measure(subjects: Mapping[str, Callable[[], T]], rounds: int) -> dict[str, list[T]]:
    """Return the results of each subject, one per round."""
    results: dict[str, list[T]] = {name: [] for name in subjects}
    for run in subjects.values():
        run()  # writes the bytecode and warms the file cache
    order = list(subjects)
    for _ in range(rounds):
        random.shuffle(order)
        for name in order:
            results[name].append(subjects[name]())
    return results


def import_table(results: dict[str, list[Imported]]) -> str:
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


def command_table(results: dict[str, list[Ran]]) -> str:
    lines = [
        "| Process | ms | fastest … slowest | CPU ms | CPU, ratio to the first row |",
        "|---|---:|---:|---:|---:|",
    ]
    base = next(iter(results.values()))
    for name, runs in results.items():
        times = [run.milliseconds for run in runs]
        ratio = median(a.cpu / b.cpu for a, b in zip(runs, base, strict=True))
        lines.append(
            f"| {name} | {median(times):.0f} | {min(times):.0f} … {max(times):.0f}"
            f" | {median(run.cpu for run in runs):.0f} | {ratio:.1f} |"
        )
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=25, metavar="N")
    options = parser.parse_args(arguments)
    with environment_with_bytecode() as environment:
        imports = {
            program.name: partial(run_program, program, environment) for program in _PROGRAMS
        }
        print(import_table(measure(imports, options.rounds)))
        print()
        commands = {
            name: partial(run_command, arguments, environment)
            for name, arguments in _COMMANDS.items()
        }
        print(command_table(measure(commands, options.rounds)))
    print(f"\nMedians of {options.rounds} processes each; Python {sys.version.split()[0]}.")


if __name__ == "__main__":
    main()
