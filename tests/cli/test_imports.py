"""The command line loads neither the client nor its dependencies before a command runs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from portone_async.cli.completion import SHELLS

PROGRAM = """
import json, sys
from portone_async.cli import main
try:
    code = main(sys.argv[1:])
except SystemExit as error:
    code = error.code
sys.stdout.write("\\n" + json.dumps([code, [*sys.modules]]))
"""
COMMANDS = ("find", "reconcile", "cancel", "call", "doctor", "demo")
HEAVY = {
    *("aiohttp", "aiolimiter", "msgspec", "tenacity"),  # what the client is made of
    *("asyncio", "concurrent", "multiprocessing", "sqlite3", "ssl"),
    *("babel", "duckdb", "jinja2", "markupsafe", "psycopg", "python_calamine", "rich"),
}


def run(*arguments: str) -> tuple[int, set[str]]:
    """Return the exit code of a command line, and the modules that it loaded."""
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True
    )
    code, modules = json.loads(process.stdout.splitlines()[-1])
    return code, set(modules)


@pytest.mark.parametrize(
    "arguments",
    [
        "--help",
        *(f"{command} --help" for command in COMMANDS),
        "--version",
        *(f"--completion {shell}" for shell in SHELLS),
    ],
)
def test_help_and_completion_load_no_client(arguments: str) -> None:
    code, modules = run(*arguments.split())

    assert code == 0
    assert_is_light(modules)


@pytest.mark.parametrize(
    "arguments",
    [
        "",
        "lookup",
        "find",
        "find a --fast",
        "find a --tz Asia/Pyongyong",
        "reconcile orders.csv --rate many",
        "cancel imp_1 --reason returned",
        "call FETCH /banks",
        "call GET /banks --query limit",
        "doctor --rate fast",
        "demo --orders 0",
    ],
)
def test_wrong_usage_loads_no_client(arguments: str) -> None:
    code, modules = run(*arguments.split())

    assert code == 2
    assert_is_light(modules)


def assert_is_light(modules: set[str]) -> None:
    assert not {name for name in modules if name.split(".")[0] in HEAVY}
    own = {name for name in modules if name.startswith("portone_async.")}
    assert {name.split(".")[1] for name in own} == {"_redact", "_version", "_worded", "cli"}


def test_command_loads_only_its_own_modules() -> None:
    _, modules = run("call", "GET", "https://api.iamport.kr/banks")

    assert "portone_async.client" in modules
    assert not {"portone_async.reconcile", "portone_async.testing", "rich", "sqlite3"} & modules


@pytest.mark.parametrize("option", ["--status", "--sorting"])
def test_word_of_the_api_is_checked_before_the_command_runs(option: str) -> None:
    code, modules = run("find", "a", option, "주문")

    assert code == 2
    assert "portone_async.cli.find.run" not in modules
