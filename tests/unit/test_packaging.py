"""What a release is made of and checked with."""

from __future__ import annotations

import re
import runpy
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from portone_async import webhook

ROOT = Path(__file__).parents[2]
KNOWN: dict[str, Any] = {"name": "aiohttp", "version": "3.14.5", "vulns": []}
UNKNOWN: dict[str, Any] = {"name": "yarl", "skip_reason": "not found"}
VULNERABLE = {
    "name": "idna",
    "version": "3.6",
    "vulns": [{"id": "PYSEC-2024-60", "fix_versions": ["3.7"]}],
}


@pytest.fixture(name="audit")
def _audit() -> dict[str, Any]:
    path = ROOT / ".ci" / "audit.py"
    if not path.exists():
        pytest.skip("a source distribution has no .ci")
    return runpy.run_path(str(path))


def test_every_bound_that_is_promised_is_one_that_can_be_tested() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text())
    project = pyproject["project"]
    extras = project["optional-dependencies"]
    promised = [
        *pyproject["build-system"]["requires"],
        *(*project["dependencies"], *extras["cli"], *extras["test"]),
    ]

    without = {each for each in promised if not re.match(r"[\w-]+(\[\w+\])?>=[\d.]+", each)}
    assert without == {"tzdata"}  # Zones are data: any will do.


def test_an_audit_finds_nothing_where_all_is_known_and_nothing_is_wrong(
    audit: dict[str, Any],
) -> None:
    assert audit["problems"]([KNOWN, KNOWN]) == []


def test_an_audit_names_a_vulnerability(audit: dict[str, Any]) -> None:
    (found,) = audit["problems"]([KNOWN, VULNERABLE])

    assert "idna 3.6: PYSEC-2024-60" in found


def test_a_package_that_was_left_out_of_an_audit_is_a_problem(audit: dict[str, Any]) -> None:
    (found,) = audit["problems"]([KNOWN, UNKNOWN])

    assert "yarl was not audited" in found


@pytest.mark.parametrize("setting", ["", "required"])
@pytest.mark.parametrize(
    "answer", ['{"dependencies": [{"name": "a", "skip_reason": "not found"}]}', ""]
)
def test_an_audit_that_nobody_answers_is_loud_and_fails_where_one_is_required(
    audit: dict[str, Any],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    setting: str,
    answer: str,
) -> None:
    def run(*_: Any, **__: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.CompletedProcess([], 0, answer, "trace\nNameResolutionError")

    monkeypatch.setattr(subprocess, "run", run)
    monkeypatch.setenv("AUDIT", setting)

    assert audit["main"]("requirements.txt") == int(setting == "required")
    assert "!!! NOT AUDITED" in capsys.readouterr().out


def test_the_limit_of_a_webhook_is_the_one_that_is_promised() -> None:
    security = (ROOT / "SECURITY.md").read_text(encoding="utf-8")

    assert f"a webhook to {webhook.MAX_BODY // 1024} KiB" in security
