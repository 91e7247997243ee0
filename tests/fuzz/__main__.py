"""``python -m tests.fuzz [TARGET] [--seconds N] [--into FOLDER]``: search for inputs that break a promise."""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any, NoReturn

from .odd import changed

NAMES = ("exchange", "orders", "reply", "response", "webhook")
MOST_BYTES = 6_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("target", nargs="?", choices=NAMES, help="else all of them, in turn")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (%(default)s)")
    parser.add_argument("--runs", type=int, default=-1, help="end after so many inputs, too")
    parser.add_argument(
        "--seed", type=int, default=0, help="repeat a run: the same seed, --runs and PYTHONHASHSEED"
    )
    parser.add_argument(
        "--into",
        type=Path,
        help="the folder for inputs that reach new code, and for the one that fails a check",
    )
    arguments = parser.parse_args()
    into: Path = arguments.into or Path(tempfile.mkdtemp(prefix="fuzz-"))
    if arguments.target is not None:
        limits = (
            f"-max_total_time={arguments.seconds}",
            f"-runs={arguments.runs}",
            f"-seed={arguments.seed}",
        )
        fuzz(arguments.target, limits, into / arguments.target)
    # libFuzzer ends the process, so each target runs in its own.
    options = [f"--{name}={getattr(arguments, name)}" for name in ("seconds", "runs", "seed")]
    options.append(f"--into={into}")
    runs = [subprocess.call([sys.executable, "-m", "tests.fuzz", name, *options]) for name in NAMES]
    return int(any(runs))


def fuzz(name: str, limits: tuple[str, ...], into: Path) -> NoReturn:
    """Run one target; libFuzzer ends the process, with 77 when a promise was broken."""
    try:
        atheris: Any = import_module("atheris")
    except ModuleNotFoundError:
        sys.exit("fuzzing needs atheris: pip install --group fuzz")
    # Here, or what it is to watch would be loaded without its eyes.
    with atheris.instrument_imports(include=["portone_async"]):
        targets = import_module("tests.fuzz.targets")
    # What is logged is not what is looked at.
    logging.disable()

    def mutated(data: bytes, most: int, seed: int) -> bytes:
        is_blind = seed % 2
        return bytes(atheris.Mutate(data, most) if is_blind else changed(data, seed)[:most])

    into.mkdir(mode=0o700, parents=True, exist_ok=True)
    limits = (*limits, f"-max_len={MOST_BYTES}", "-timeout=30")
    kept = (str(into), str(targets.CORPUS / name))
    atheris.Setup(
        [sys.argv[0], *limits, f"-artifact_prefix={into}/", "-print_final_stats=1", *kept],
        targets.TARGETS[name],
        custom_mutator=mutated,
    )
    atheris.Fuzz()
    sys.exit()


if __name__ == "__main__":
    sys.exit(main())
