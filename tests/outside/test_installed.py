"""Types and hover texts as a user has them: of an installed wheel, outside of this repository."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.outside.hover import SNAPSHOT, hover_texts, parse, render, words
from tests.support.examples import ROOT

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not (ROOT / "portone_async").exists(), reason="the source of the package is elsewhere"
    ),
]
PROGRAM = Path(__file__).with_name("shop.py")


def run(folder: Path, *command: str) -> tuple[int, str]:
    environment = dict(os.environ)
    if environment.get("SSL_CERT_FILE") == os.devnull:  # See conftest.py; pip may need a network.
        del environment["SSL_CERT_FILE"]
    ran = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return ran.returncode, ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the folder of a user: an environment with the wheel and no extra, and a program."""
    folder = tmp_path_factory.mktemp("shop")
    pip = (sys.executable, "-m", "pip", "-q", "--disable-pip-version-check")
    build: Sequence[Sequence[str]] = (
        (*pip, "wheel", "--no-deps", "--wheel-dir", str(folder), str(ROOT)),
        (sys.executable, "-m", "venv", "--without-pip", ".venv"),
        (*pip, "--python", ".venv", "install", "--no-compile"),
    )
    for command in build:
        wheels = map(str, folder.glob("*.whl")) if "install" in command else ()
        code, output = run(folder, *command, *wheels)
        assert code == 0, output
    shutil.copy(PROGRAM, folder)
    settings = {
        "include": [PROGRAM.name],
        "venvPath": ".",
        "venv": ".venv",
        "typeCheckingMode": "strict",
        "reportUnnecessaryTypeIgnoreComment": "error",
        "enableTypeIgnoreComments": False,
    }
    (folder / "pyrightconfig.json").write_text(json.dumps(settings))
    return folder


def interpreter(folder: Path) -> Path:
    return next(path for path in folder.glob(".venv/*/python*") if path.stem == "python")


def test_strict_mypy_accepts_the_program_of_a_user(shop: Path) -> None:
    code, output = run(
        shop,
        *(sys.executable, "-m", "mypy", "--strict", "--config-file", ""),
        *("--python-executable", str(interpreter(shop)), PROGRAM.name),
    )

    assert code == 0, output
    assert "no issues found in 1 source file" in output


def test_strict_pyright_accepts_the_program_of_a_user(shop: Path) -> None:
    code, output = run(shop, sys.executable, "-m", "pyright", "--outputjson")

    report = json.loads(output)
    assert report["generalDiagnostics"] == []
    assert (code, report["summary"]["filesAnalyzed"]) == (0, 1)


def test_hover_texts_are_those_that_were_read(shop: Path) -> None:
    texts = hover_texts(interpreter(shop))
    version, _ = parse(render(texts))
    read_version, read = parse(SNAPSHOT.read_text("utf-8"))
    if version != read_version:
        # Another pyright may print types in another form.
        texts = {name: words(text) for name, text in texts.items()}
        read = {name: words(text) for name, text in read.items()}

    assert texts == read, "read the change, then: python -m tests.outside.hover --write"
