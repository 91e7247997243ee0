"""Run every command of the READMEs and of the pages in ``docs``, by a rule for each kind.

A command without a rule fails.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import re
import shlex
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import chdir, redirect_stderr, redirect_stdout
from decimal import Decimal
from io import BytesIO, TextIOWrapper
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest

from portone_async._core.environment import from_environment
from portone_async.cli import main
from portone_async.cli.orders import read_orders
from portone_async.reconcile import Order
from portone_async.testing import FakePortOne
from tests.support.examples import PYPROJECT, ROOT
from tests.support.guides import PAGES, READMES, commands, guides, read
from tests.support.script import run_process

EXTRAS = PYPROJECT["project"]["optional-dependencies"]
GROUPS = PYPROJECT["dependency-groups"]


async def _is_set_up_and_demo(command: str) -> None:
    make, install, demo = command.split(" && ")
    assert make == "python3 -m venv .venv"
    _is_install(install)
    assert demo == ".venv/bin/portone-async demo"
    with TemporaryDirectory() as place:
        report = Path(place, "report.html")
        # Fewer, as a test should not take its 15 seconds.
        arguments = ("--orders", "30", "--report", str(report))
        status, output, errors = await _cli("demo", *arguments)
        assert (status, errors) == (0, "")
        assert str(report) in output
        assert await asyncio.to_thread(report.exists)
    assert "30 look-ups" in output
    assert output.count("all results are as planted") == 2


async def _is_set_up_and_tests(command: str) -> None:
    make, install, tests = command.split(" && ")
    # The pip of Python 3.11 to 3.13 installs no groups.
    assert make == "python3 -m venv --upgrade-deps .venv"
    _is_install(install)
    ours = ".venv/bin/python "
    assert tests.startswith(ours)
    if not (ROOT / ".ci").exists():
        pytest.skip("a source distribution has no .ci")
    # What is promised to newcomers is what is checked for each change.
    assert tests.removeprefix(ours) in read(".ci/run")


def _is_install(command: str) -> None:
    command, _, group = command.partition(" --group ")
    pip, install, *options, what = shlex.split(command)
    assert (Path(pip).name, install) == ("pip", "install")
    assert set(options) <= {"-q", "-e"}
    assert group in {"", *GROUPS}
    match = re.fullmatch(r"(?:\.|portone-async)(?:\[(.+)\])?", what)
    assert match is not None
    assert set((match[1] or "").split(",")) - {""} <= EXTRAS.keys()


async def _is_set_up_by_uv(command: str) -> None:
    options, _, program = command.partition(" portone-async ")
    if not program:
        options, _, program = command.partition(" python -m ")
    (same,) = (line for line in commands("README.md") if "-m venv" in line and program in line)
    assert same.endswith((f"/portone-async {program}", f"/python -m {program}"))
    (extra,) = re.findall(r"'\.\[(\w+)\]'", same)
    wanted = "--all-extras" if extra == "all" else f"--no-dev --extra {extra}"
    assert options == f"uv run {wanted}"  # The group "dev" is uv's default.


async def _is_right_install(command: str) -> None:
    _is_install(command)


async def _activates(command: str) -> None:
    assert command == ". .venv/bin/activate"  # What the set-up commands make.


async def _is_setting(command: str) -> None:
    name, _, value = command.removeprefix("export ").partition("=")
    assert f'"{name}"' in inspect.getsource(from_environment)
    # Those of the fake, as started there.
    fake = inspect.signature(FakePortOne).parameters
    field = name.removeprefix("PORTONE_").lower()
    assert value == (fake[field].default if field in fake else "http://127.0.0.1:8080")


async def _runs_example(command: str) -> None:
    _, script, *arguments = shlex.split(command)
    # As a newcomer has it: no keys.
    status, output, _ = await run_process(
        *(sys.executable, "-X", "dev", "-W", "error", script, *arguments),
        cwd=ROOT,
        without=[name for name in os.environ if name.startswith("PORTONE_")],
    )
    assert (status, len(output.splitlines())) == (0, len(arguments))


async def _serves(command: str) -> None:
    """Start it at a free port, as 8080 may be taken here, and end it."""
    python, *arguments, port = shlex.split(command)
    assert (python, port) == ("python", "8080")
    if sys.platform == "win32":
        pytest.skip("no signal asks a process to end there")
    process = await asyncio.create_subprocess_exec(
        # Not "-X dev": asyncio would complain of a machine that is slow.
        *(sys.executable, "-W", "error", *arguments, "0"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    first = await process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    rest, errors = await process.communicate()
    assert re.match(rb"Fake PortOne on http://127\.0\.0\.1:\d+", first)
    assert b"imp_key" in rest
    assert (process.returncode, errors) == (0, b"")


async def _runs_cli(command: str) -> None:
    _, *arguments = shlex.split(command)
    status, output, errors = await _cli(*arguments)
    assert (status, errors) == (0, "")
    orders = [each for each in arguments if each.startswith("ORD-")]
    assert all(order in output for order in orders)


async def _examines(command: str) -> None:
    _, *arguments = shlex.split(command)
    with TemporaryDirectory() as name:
        place = Path(name)
        status, output, errors = await _cli(*arguments, "--rate", "100000", cwd=place)
        # The clock of this file's server is a minute slow.
        assert status == (0 if "--plan" in arguments else 1), output
        assert "POST /users/getToken" in output + errors
        assert (place / "doctor.json").exists() == ("--report" in arguments)


async def _cancels(command: str) -> None:
    _, *arguments = shlex.split(command)
    status, output, shown = await _cli(*arguments)
    assert status == 0
    assert "ORD-PAID" in output
    assert "ORD-PAID" in shown


async def _makes_orders(command: str) -> None:
    _, text, sign, file = shlex.split(command)
    assert (sign, file) == (">", "orders.csv")
    with TemporaryDirectory() as place:
        # printf's \\n is Python's.
        orders = Path(place, file)
        orders.write_text(text.replace("\\n", "\n"), "utf-8")
        assert list(read_orders(str(orders))) == [Order("ORD-PAID", Decimal(15000))]


async def _reconciles(command: str) -> None:
    _, *arguments = shlex.split(command)
    written = [
        arguments[arguments.index(option) + 1]
        for option in ("--store", "--out", "--report")
        if option in arguments
    ]
    assert written
    with TemporaryDirectory() as name:
        place = Path(name)
        orders = place / arguments[1]
        for amount, expected in (("15000", 0), ("15001", 1)):
            # As Excel writes it, in Korea.
            orders.write_text(f"주문번호,결제금액\nORD-PAID,{amount}\n", "cp949")
            status, output, errors = await _cli(*arguments, cwd=place)
            assert (status, errors) == (expected, "")
            assert "requests" in output
            for file in written:
                (place / file).unlink()


async def _reconciles_tiers(command: str) -> None:
    _, *arguments = shlex.split(command)
    with TemporaryDirectory() as name:
        place = Path(name)
        (place / "tiers.txt").write_text("-\n")
        (place / "orders.csv").write_text(
            "주문번호,결제금액,하위가맹점,주문일시\nORD-PAID,15000,,2026-11-01\n", "utf-8"
        )
        (place / "shop_orders.py").write_text(
            "from decimal import Decimal\n"
            "from portone_async.reconcile import Order\n"
            "def of_partition(partition):\n"
            "    return [Order('ORD-PAID', Decimal(15000))] if partition.since.day == 1 else []\n"
        )
        sys.modules.pop("shop_orders", None)  # Another test has a module of this name.
        with patch.object(sys, "path", [*sys.path]):
            status, output, errors = await _cli(*arguments, cwd=place)
        assert (status, "partitions (1 Tiers)" in errors) == (0, True), errors
        ledger = arguments[arguments.index("--ledger") + 1]
        assert f"written: {ledger}" in output


async def _cli(*arguments: str, cwd: Path = ROOT) -> tuple[int, str, str]:
    """Run a command of ``portone-async`` in a thread: a process would take ten times as long."""
    with TextIOWrapper(BytesIO(), "utf-8") as out, TextIOWrapper(BytesIO(), "utf-8") as err:
        with chdir(cwd), redirect_stdout(out), redirect_stderr(err):
            status = await asyncio.to_thread(main, arguments)
        return status, _written(out), _written(err)


def _written(file: TextIOWrapper[BytesIO]) -> str:
    file.flush()
    return file.buffer.getvalue().decode()


Rule = Callable[[str], Awaitable[None]]
RULES: dict[str, Rule] = {
    r"python3 -m venv .* demo": _is_set_up_and_demo,
    r"python3 -m venv .* pytest -n auto": _is_set_up_and_tests,
    r"uv run .*": _is_set_up_by_uv,
    r"\. .*/activate": _activates,
    r"pip install .*": _is_right_install,
    r"export \w+=\S+": _is_setting,
    r"python examples/\w+\.py .*": _runs_example,
    r"python -m portone_async\.testing --port 8080": _serves,
    r"portone-async (find|call) .*": _runs_cli,
    r"portone-async cancel .*": _cancels,
    r"portone-async doctor.*": _examines,
    r"printf .*": _makes_orders,
    r"portone-async reconcile .* --tiers .*": _reconciles_tiers,
    r"portone-async reconcile (?!.* --tiers ).*": _reconciles,
}


def _all_commands() -> list[Any]:
    lines = sorted({line for file in PAGES for line in commands(file)})
    slow = pytest.mark.slow  # builds an environment or runs the demo
    return [pytest.param(line, marks=[slow] if " demo" in line else []) for line in lines]


@pytest.mark.parametrize("command", _all_commands())
async def test_every_command_runs(command: str, server: FakePortOne) -> None:
    rules = [rule for pattern, rule in RULES.items() if re.fullmatch(pattern, command)]
    assert len(rules) == 1, f"{len(rules)} rules for {command!r}"
    await rules[0](command)


def test_set_up_is_two_commands_in_both_files() -> None:
    for file in READMES:
        assert sum("-m venv" in command for command in commands(file)) == 2
    for file in guides("quickstart"):
        (demo,) = [command for command in commands(file) if "-m venv" in command]
        assert demo in commands("README.md")


@pytest.mark.parametrize("file", [*READMES, *guides("quickstart")])
def test_commands_follow_the_activation_of_the_environment(file: str) -> None:
    programs = ("python ", "pip ", "portone-async ")
    set_up = re.compile("python3 -m venv|uv run")
    lines = [line for line in commands(file) if not set_up.match(line)]

    assert lines[0] == ". .venv/bin/activate"
    fewest = 2 if file in READMES else 4
    assert sum(line.startswith(programs) for line in lines) >= fewest
