"""The pages name what exists: classes, attributes, defaults, errors, faults and files."""

from __future__ import annotations

import builtins
import inspect
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

import portone_async
from portone_async import PortOneError, RateLimit, RetryPolicy, Timeouts, reconcile, testing
from portone_async.resources import billing_keys, charges, schedules
from portone_async.throttle import valkey
from tests.support.examples import ROOT
from tests.support.guides import READMES, commands, guides, prose, read, rows

# The guides whose names are compared with the code.
_GUIDES = (
    "command_line",
    "errors",
    "is_it_paid",
    "options",
    "own_calls",
    "privacy",
    "quickstart",
    "reconciliation",
    "subscriptions",
    "testing",
    "webhooks",
)
COMPARED = (*READMES, *(page for name in _GUIDES for page in guides(name)))
# Classes of errors that are never raised themselves.
ROOTS = {"PortOneError", "NotFoundError", "TransientError"}


@pytest.mark.parametrize("file", guides("errors"))
def test_table_of_errors_matches_the_classes(file: str) -> None:
    documented = {
        row[0].strip("`"): {"yes": True, "no": False, "예": True, "아니요": False}[row[-1]]
        for row in rows(file)
        if row[0].endswith("Error`")
    }
    real = {
        name: value().is_transient
        for name in portone_async.__all__
        if inspect.isclass(value := getattr(portone_async, name))
        and issubclass(value, PortOneError)
        and name not in ROOTS
    }

    assert documented == real


@pytest.mark.parametrize("file", guides("options"))
def test_tables_of_options_match_the_defaults(file: str) -> None:
    options = RetryPolicy(), Timeouts(), RateLimit()
    documented = {row[0].strip("`"): row[1] for row in rows(file) if "." in row[0]}
    real = {
        f"{type(option).__name__}.{name}": str(getattr(option, name))
        for option in options
        for name in option.__struct_fields__
    }

    assert documented == real


@pytest.mark.parametrize("file", COMPARED)
def test_every_mentioned_name_exists(file: str) -> None:
    known: dict[str, Any] = {**vars(builtins), "Decimal": Decimal, "MyStruct": Any}
    sections = billing_keys, charges, schedules
    for module in (portone_async, reconcile, testing, valkey, *sections):
        known |= {name: getattr(module, name) for name in module.__all__}
    mentioned = re.findall(r"`([A-Z][a-z]\w+)(?:\.(\w+))?[`(]", prose(file))

    assert mentioned or "command_line" in file
    for name, attribute in mentioned:
        assert name in known, name
        assert not attribute or hasattr(known[name], attribute), f"{name}.{attribute}"


@pytest.mark.parametrize("file", COMPARED)
def test_every_mentioned_attribute_exists(file: str) -> None:
    payment = set(dir(portone_async.Payment))
    error = set(dir(portone_async.ApiError()))
    text = read(file)

    assert set(re.findall(r"\bpayment\.(\w+)", text)) <= payment
    assert set(re.findall(r"\berror\.(\w+)", text)) <= error


@pytest.mark.parametrize("file", guides("testing"))
def test_every_fault_is_listed(file: str) -> None:
    others = {"Exchange", "FakePortOne", "Fault", "RecordedRequest", "Reply"}
    line = next(line for line in read(file).splitlines() if "`CutBody`" in line)
    listed = set(re.findall(r"`([A-Z]\w+)`", line))

    assert listed == set(testing.__all__) - others | {"Fault"}


def test_newest_version_of_the_changelog_is_this_one() -> None:
    headings = re.findall(r"^## (.*)$", read("CHANGELOG.md"), re.MULTILINE)
    released = headings[headings[0] == "[Unreleased]" :]
    versions = [re.fullmatch(r"\[(.+?)\] - \d{4}-\d{2}-\d{2}", title) for title in released]

    assert all(versions)
    assert versions[0] is not None
    assert versions[0][1] == portone_async.__version__


def test_contributing_sets_up_with_the_command_of_the_readme() -> None:
    (command,) = commands("CONTRIBUTING.md")

    assert command in commands("README.md")


def test_every_path_in_contributing_exists() -> None:
    paths = re.findall(
        r"`((?:portone_async|tests|benchmarks|\.ci)/[\w./]*)`", read("CONTRIBUTING.md")
    )

    # The package may be installed elsewhere.
    roots = (ROOT, Path(portone_async.__file__).parents[1])
    existing = [path for path in paths if any((root / path).exists() for root in roots)]

    assert existing == [path for path in paths if "SECTION" not in path] != []
