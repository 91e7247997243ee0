"""``python -m tests.blocking.generate --write``: write the blocking client from the asynchronous one.

Without ``--write`` it lists the files that differ. Each method of the asynchronous client becomes
one with the same parameters and the same text, which runs it in the background event loop.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path

import portone_async

from .client_text import client_module
from .function_text import function_module
from .section_text import section_modules

__all__ = ("PACKAGE", "generated")

PACKAGE = Path(portone_async.__file__).parent / "blocking"


def generated() -> dict[str, str]:
    """Return the text of each generated file, by its path in ``portone_async/blocking``."""
    files = {f"resources/{name}.py": text for name, text in section_modules()}
    files["client.py"] = client_module()
    files["webhook.py"] = function_module("portone_async.webhook", "verify_webhook")
    files["reconcile.py"] = function_module("portone_async.reconcile.run", "reconcile")
    return _formatted(files)


def _formatted(files: dict[str, str]) -> dict[str, str]:
    with tempfile.TemporaryDirectory() as place:
        for name, text in files.items():
            path = Path(place, "portone_async", "blocking", name)
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, "utf-8")
        pyproject = PACKAGE.parents[1] / "pyproject.toml"
        if not pyproject.exists():
            pyproject = Path(__file__).parents[2] / "pyproject.toml"
        for command in (("check", "-q", "--select", "I,F401", "--fix"), ("format", "-q")):
            ours = "lint.isort.known-first-party=['portone_async']"
            options = ("--no-cache", "--config", str(pyproject), "--config", ours, place)
            subprocess.run([sys.executable, "-m", "ruff", *command, *options], check=True)
        root = Path(place, "portone_async", "blocking")
        return {name: (root / name).read_text("utf-8") for name in files}


def _differing(files: dict[str, str]) -> Iterable[str]:
    for name, text in files.items():
        path = PACKAGE / name
        if not path.exists() or path.read_text("utf-8") != text:
            yield name


if __name__ == "__main__":
    written = generated()
    for changed in [*_differing(written)]:
        sys.stdout.write(f"{changed}\n")
        if "--write" in sys.argv:
            (PACKAGE / changed).write_text(written[changed], "utf-8")
