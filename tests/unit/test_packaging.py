"""Dependencies of the package, the audit of a release, and its documented limits."""

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


def test_every_dependency_has_a_lower_bound() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    project = pyproject["project"]
    extras = project["optional-dependencies"]
    promised = [
        *pyproject["build-system"]["requires"],
        *project["dependencies"],
        *(
            each
            for name in extras.keys() - {"dev", "docs", "fuzz", "bench"}
            for each in extras[name]
        ),
    ]

    without = {each for each in promised if not re.match(r"[\w-]+(\[\w+\])?>=[\d.]+", each)}
    # Any version of this data will do; the other is this package.
    assert without == {"tzdata", "portone-async[postgresql]"}


def test_audit_without_vulnerabilities_passes(
    audit: dict[str, Any],
) -> None:
    assert audit["problems"]([KNOWN, KNOWN]) == []


def test_audit_names_a_vulnerability(audit: dict[str, Any]) -> None:
    (problem,) = audit["problems"]([KNOWN, VULNERABLE])

    assert "idna 3.6: PYSEC-2024-60" in problem


def test_audit_reports_a_package_that_was_skipped(audit: dict[str, Any]) -> None:
    (problem,) = audit["problems"]([KNOWN, UNKNOWN])

    assert "yarl was not audited" in problem


@pytest.mark.parametrize("setting", ["", "required"])
@pytest.mark.parametrize(
    "answer", ['{"dependencies": [{"name": "a", "skip_reason": "not found"}]}', ""]
)
def test_audit_without_a_service_warns_or_fails(
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


def test_documented_webhook_limit_is_the_real_one() -> None:
    security = (ROOT / "SECURITY.md").read_text(encoding="utf-8")

    assert f"a webhook to {webhook.MAX_BODY // 1024} KiB" in security
