"""The files for those who join the project: workflow, forms of issues, hooks before a commit."""

from __future__ import annotations

import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.examples import PYPROJECT, ROOT

GITHUB = ROOT / ".github"
FORMS = GITHUB / "ISSUE_TEMPLATE"

pytestmark = pytest.mark.skipif(
    not GITHUB.exists(), reason="a source distribution has no .github and no .ci"
)


def parse(path: Path) -> Any:
    # Every scalar is a text: "on" is no boolean, and 3.10 no number.
    return yaml.load(path.read_text("utf-8"), yaml.BaseLoader)


@pytest.fixture(name="jobs", scope="module")
def _jobs() -> dict[str, Any]:
    jobs: dict[str, Any] = parse(GITHUB / "workflows" / "ci.yml")["jobs"]
    return jobs


def set_up(job: dict[str, Any]) -> Any:
    """Return the versions of Python that a job sets up."""
    (step,) = [step for step in job["steps"] if "setup-python" in step.get("uses", "")]
    return step["with"]["python-version"]


def commands(job: dict[str, Any]) -> list[str]:
    return [line for step in job["steps"] for line in step.get("run", "").splitlines()]


def versions(texts: list[str]) -> list[tuple[int, ...]]:
    return [tuple(map(int, text.split("."))) for text in texts]


# The workflow


def test_workflow_runs_each_python_of_the_classifiers(jobs: dict[str, Any]) -> None:
    classified = re.findall(r"Python :: (3\.\d+)", "\n".join(PYPROJECT["project"]["classifiers"]))
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    (searched,) = re.findall(r"^    for version in ([\d. ]+); do", script, re.MULTILINE)

    assert set_up(jobs["linux"]).split() == classified
    assert set(classified) <= set(searched.split())
    assert versions(classified) == sorted(versions(classified))
    assert PYPROJECT["project"]["requires-python"] == f">={classified[0]}"


def test_unit_tests_run_on_the_oldest_and_the_newest_python(jobs: dict[str, Any]) -> None:
    every = set_up(jobs["linux"]).split()
    matrix = jobs["unit"]["strategy"]["matrix"]

    assert matrix["python-version"] == [every[0], every[-1]]
    assert [system.partition("-")[0] for system in matrix["os"]] == ["macos", "windows"]


def test_every_file_in_a_command_of_the_workflow_exists(jobs: dict[str, Any]) -> None:
    words = [word for job in jobs.values() for line in commands(job) for word in shlex.split(line)]
    files = [word for word in words if re.match(r"(\.ci|tests)/", word)]

    assert files == [".ci/run", "tests/unit", "tests/docs", "tests/examples"]
    assert all((ROOT / file).exists() for file in files)
    assert (ROOT / ".ci" / "run").stat().st_mode & 0o100


def test_programs_that_ci_would_install_are_installed_before_it(jobs: dict[str, Any]) -> None:
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    packages = set(shlex.split(" ".join(re.findall(r"packages\+=\((.*?)\)", script))))
    steps = commands(jobs["linux"])
    (installed,) = [set(line.split()) for line in steps if "apt-get install" in line]

    # Of Ubuntu's, the browser is a snap: the runner's own has the name that .ci/run looks for.
    assert packages - installed == {"chromium", "chromium-driver"}
    assert any(line.endswith("/usr/local/bin/chromium") for line in steps)
    assert steps[-1] == ".ci/run"


def test_workflow_may_only_read(jobs: dict[str, Any]) -> None:
    workflow = parse(GITHUB / "workflows" / "ci.yml")
    text = (GITHUB / "workflows" / "ci.yml").read_text("utf-8")

    assert workflow["permissions"] == {"contents": "read"}
    assert not any("permissions" in job for job in jobs.values())
    assert "pull_request_target" not in workflow["on"]
    assert "secrets." not in text
    # An expression in a command would run what the title of a pull request contains.
    assert not any("${{" in line for job in jobs.values() for line in commands(job))


def test_every_job_ends_and_every_action_has_a_version(jobs: dict[str, Any]) -> None:
    actions = [step["uses"] for job in jobs.values() for step in job["steps"] if "uses" in step]

    assert all(0 < int(job["timeout-minutes"]) <= 60 for job in jobs.values())
    assert all(re.fullmatch(r"actions/[\w-]+@v\d+(\.\d+)*", action) for action in actions)
    workflow = parse(GITHUB / "workflows" / "ci.yml")
    assert workflow["concurrency"]["cancel-in-progress"] == "true"


# The forms of issues


def fields(name: str) -> dict[str, Any]:
    form = parse(FORMS / name)
    return {part["id"]: part for part in form["body"] if part["type"] != "markdown"}


@pytest.mark.parametrize("name", ["bug.yml", "bug.ko.yml", "feature.yml", "feature.ko.yml"])
def test_form_has_the_parts_that_github_requires(name: str) -> None:
    form = parse(FORMS / name)
    labels = [part["attributes"]["label"] for part in fields(name).values()]

    assert form.keys() == {"name", "description", "labels", "body"}
    assert len(form["name"]) > 3
    assert len(form["description"]) < 200
    assert len(set(labels)) == len(labels)
    for part in form["body"]:
        assert part["type"] in {"markdown", "textarea", "checkboxes"}
        assert part.keys() <= {"type", "id", "attributes", "validations"}
        assert re.fullmatch(r"[\w-]+", part.get("id", "text"), re.ASCII)
        assert part["attributes"].keys() <= {
            *("value", "label", "description", "placeholder", "render", "options")
        }


@pytest.mark.parametrize("name", ["bug", "feature"])
def test_both_languages_ask_for_the_same(name: str) -> None:
    def shape(file: str) -> list[Any]:
        return [
            (part["id"], part["type"], part.get("validations"), part["attributes"].get("render"))
            for part in fields(file).values()
        ]

    assert shape(f"{name}.yml") == shape(f"{name}.ko.yml")
    assert all(re.search("[가-힣]", str(part)) for part in fields(f"{name}.ko.yml").values())


@pytest.mark.parametrize("name", ["bug.yml", "bug.ko.yml"])
def test_bug_report_asks_for_versions_error_and_doctor(name: str) -> None:
    form = fields(name)
    required = {
        id_ for id_, part in form.items() if part.get("validations") == {"required": "true"}
    }

    assert required == {"what", "reproduce", "error", "versions"}
    assert (
        "portone-async doctor --report doctor.json" in form["doctor"]["attributes"]["description"]
    )
    # GitHub renders such a field as code, and takes no files in it.
    assert "render" not in form["doctor"]["attributes"]
    assert all(option["required"] == "true" for option in form["checked"]["attributes"]["options"])
    assert "SECURITY.md" in parse(FORMS / name)["body"][0]["attributes"]["value"]


def test_chooser_links_are_absolute_and_have_a_text() -> None:
    config = parse(FORMS / "config.yml")

    assert (ROOT / "SECURITY.md").exists()  # GitHub links to it by itself.
    assert config["blank_issues_enabled"] in {"true", "false"}
    for link in config["contact_links"]:
        assert link.keys() == {"name", "url", "about"}
        assert link["url"].startswith("https://")
        assert len(link["about"]) <= 200


# Hooks before a commit


@pytest.fixture(name="hooks", scope="module")
def _hooks() -> dict[str, Any]:
    (repository,) = parse(ROOT / ".pre-commit-config.yaml")["repos"]
    assert repository["repo"] == "local"
    return {hook["id"]: hook for hook in repository["hooks"]}


def test_hooks_run_programs_of_the_group_dev(hooks: dict[str, Any]) -> None:
    dev = PYPROJECT["dependency-groups"]["dev"]
    packages = {
        re.split(r"[^\w-]", requirement)[0]
        for requirement in dev
        if isinstance(requirement, str)  # the others include a group
    }
    package_of = {"ruff": "ruff", "pybabel": "babel"}
    entries = [
        shlex.split(hook["entry"]) for hook in hooks.values() if hook["language"] == "system"
    ]

    assert {hook["language"] for hook in hooks.values()} == {"system", "pygrep"}
    assert {package_of[entry[0]] for entry in entries} <= packages
    for path in (word for entry in entries for word in entry if "/" in word):
        assert (ROOT / path).exists(), path


@pytest.fixture(name="tracked", scope="module")
def _tracked() -> list[str]:
    """Return the names of the tracked files."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode:
        pytest.skip("this is not a clone")
    return [name for name in listed.stdout.split("\0") if name]


def test_top_level_has_the_expected_names_only(tracked: list[str]) -> None:
    names = {name.split("/")[0] for name in tracked}

    assert {name for name in names if not name.startswith(".")} == {
        *("portone_async", "tests", "examples", "benchmarks", "docs", "pyproject.toml"),
        *("CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.ko.md", "README.md", "SECURITY.md"),
    }


@pytest.fixture(name="contents", scope="module")
def _contents(tracked: list[str]) -> dict[str, str]:
    """Return the tracked text files that hooks read."""
    exclude = re.compile(parse(ROOT / ".pre-commit-config.yaml")["exclude"])
    names = [name for name in tracked if not exclude.search(name)]
    read = {name: (ROOT / name).read_bytes() for name in names if (ROOT / name).is_file()}
    # Order files have other encodings, whose bytes do not matter here.
    return {
        name: content.decode("latin-1") for name, content in read.items() if b"\0" not in content
    }


@pytest.mark.parametrize(
    ("hook", "bad", "good"),
    [
        ("trailing-whitespace", "a \nb\n", "a\n\n b\n"),
        ("carriage-returns", "a\r\n", "a\n"),
        ("end-of-file", "a\nb", "a\nb\n"),
        ("merge-conflicts", "<<<<<<< HEAD\n", "<<<<<<<a\n"),
    ],
    ids=["trailing-whitespace", "carriage-returns", "end-of-file", "merge-conflicts"],
)
def test_files_pass_the_hook(
    hook: str, bad: str, good: str, hooks: dict[str, Any], contents: dict[str, str]
) -> None:
    pattern = re.compile(hooks[hook]["entry"], re.MULTILINE)
    excluded = re.compile(hooks[hook].get("exclude", "^$"))

    assert pattern.search(bad)
    assert not pattern.search(good)
    assert len(contents) > 500
    assert [
        name
        for name, text in contents.items()
        if not excluded.search(name) and pattern.search(text)
    ] == []
