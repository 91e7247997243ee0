"""Dependencies of the package, the audit of a release, and its documented limits."""

from __future__ import annotations

import re
import runpy
import subprocess
import tomllib
from copy import deepcopy
from importlib.metadata import metadata
from pathlib import Path
from typing import Any

import pytest
from hatchling.metadata.core import CoreMetadata, ProjectMetadata
from hatchling.plugin.manager import PluginManager

from portone_async import __version__, webhook

ROOT = Path(__file__).parents[2]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
PROJECT = PYPROJECT["project"]
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
    extras = PROJECT["optional-dependencies"]
    promised = [
        *PYPROJECT["build-system"]["requires"],
        *PROJECT["dependencies"],
        *(requirement for extra in extras.values() for requirement in extra),
    ]

    without = {each for each in promised if not re.match(r"[\w-]+(\[\w+\])?>=[\d.]+", each)}
    # Any version of this data will do; the others are this package.
    assert without == {"tzdata", "portone-async[postgresql]", *extras["all"]}


def test_extra_all_has_every_other_extra() -> None:
    extras = PROJECT["optional-dependencies"]
    (requirement,) = extras["all"]
    (names,) = re.findall(r"^portone-async\[(.+)\]$", requirement)

    # "cli" has "postgresql".
    assert {*names.split(","), "postgresql", "all"} == extras.keys()


def test_published_extras_have_no_tools_of_development() -> None:
    # Of the installed package; after a change to pyproject.toml, install it again.
    published = set(metadata("portone-async").get_all("Provides-Extra") or ())

    assert published == PROJECT["optional-dependencies"].keys()
    assert published.isdisjoint(PYPROJECT["dependency-groups"])


def built_metadata(repository: str) -> CoreMetadata:
    """Return what hatchling writes into a wheel, with an address of the public repository."""
    if not (ROOT / "portone_async").exists():
        pytest.skip("the source of the package, with its version, is elsewhere")
    pyproject = deepcopy(PYPROJECT)
    pyproject["tool"]["hatch"]["metadata"]["hooks"]["custom"]["repository"] = repository
    return ProjectMetadata(str(ROOT), PluginManager(), pyproject).core


def test_metadata_link_to_the_repository_at_the_tag_of_the_version() -> None:
    repository = "https://example.org/shop/portone-async"
    files = f"{repository}/blob/v{__version__}"

    built = built_metadata(repository)

    assert built.urls == {
        "Source": repository,
        "Documentation": f"{files}/docs/README.md",
        "Changelog": f"{files}/CHANGELOG.md",
        "Issues": f"{repository}/issues",
    }
    links = re.findall(r"\]\((.+?)\)", built.readme)
    assert f"{files}/docs/en/quickstart.md#keys-and-one-client" in links
    assert [link for link in links if not link.startswith("https://")] == []
    for path in (link.removeprefix(f"{files}/") for link in links if link.startswith(files)):
        assert (ROOT / path.partition("#")[0]).exists(), path


def test_metadata_without_a_repository_have_the_readme_as_it_is() -> None:
    built = built_metadata("")

    assert built.urls == {}
    assert built.readme == (ROOT / "README.md").read_text("utf-8")


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
