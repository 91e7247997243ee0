"""Run every code block of the READMEs and of the pages in ``docs``, and compare tables with the code.

Blocks of Python are run in order, in one namespace for each file, with a ``client`` and a
``server`` that has the payments of ``python -m portone_async.testing``:

- one with ``asyncio.run(`` is a script, and run as a process of its own;
- one with ``def test_`` is a file for pytest, and run by it;
- one that uses the blocking client is run in a thread without an event loop;
- any other is run as the body of a coroutine; a line ``expression  # -> value`` must be so.

Blocks of shell have a rule for each command. A block or a command without a rule fails.
"""

from __future__ import annotations

import ast
import asyncio
import builtins
import importlib.metadata
import inspect
import logging
import os
import re
import shlex
import signal
import sys
import time
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Iterator
from contextlib import chdir, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from decimal import Decimal
from io import BytesIO, TextIOWrapper
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest

import portone_async
from portone_async import (
    PortOneError,
    RateLimit,
    RetryPolicy,
    Timeouts,
    reconcile,
    testing,
)
from portone_async._core.environment import from_environment
from portone_async.cli import main
from portone_async.cli.orders import read_orders
from portone_async.reconcile import Order
from portone_async.resources import billing_keys, charges, schedules
from portone_async.testing import FakePortOne
from portone_async.testing.samples import add_samples
from portone_async.throttle import valkey
from tests.support.store_server import store_server

ROOT = Path(__file__).parents[2]
READMES = ("README.md", "README.ko.md")
SYNCHRONOUS = {"docs/en/synchronous.md", "docs/ko/synchronous.md"}
PAGES = (
    *READMES,
    *sorted(
        f"docs/{folder}/{path.name}"
        for folder in ("api", "en", "ko")
        for path in (ROOT / "docs" / folder).glob("*.md")
    ),
)
# The guides whose names, numbers and lists are compared with the code.
_COMPARED = (
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
# Each page that has a Korean version, and that version.
PAIRS = (
    READMES,
    *(
        (f"docs/en/{path.name}", f"docs/ko/{path.name}")
        for path in sorted((ROOT / "docs" / "ko").glob("*.md"))
        if (ROOT / "docs" / "en" / path.name).exists()
    ),
)
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
EXTRAS = PYPROJECT["project"]["optional-dependencies"]
GROUPS = PYPROJECT["dependency-groups"]
LANGUAGES = ("en", "ko")
COMPARED = (
    *READMES,
    *(f"docs/{language}/{name}.md" for language in LANGUAGES for name in _COMPARED),
)
# Classes of errors that are never raised themselves.
ROOTS = {"PortOneError", "NotFoundError", "TransientError"}


@dataclass(frozen=True)
class Block:
    file: str
    line: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def _guides(name: str) -> list[str]:
    """Return a guide in both languages."""
    return [f"docs/{language}/{name}.md" for language in LANGUAGES]


def _read(file: str) -> str:
    return (ROOT / file).read_text("utf-8")


def _blocks(file: str) -> list[Block]:
    blocks: list[Block] = []
    fences = re.finditer(r"^```([^\n]*)\n(.*?)^```$", _read(file), re.MULTILINE | re.DOTALL)
    for fence in fences:
        line = _read(file)[: fence.start()].count("\n") + 2
        blocks.append(Block(file, line, fence[1], fence[2]))
    return blocks


def _kinds(file: str) -> set[str]:
    return {block.kind for block in _blocks(file)}


def _commands(file: str) -> list[str]:
    return [
        command
        for block in _blocks(file)
        if block.kind == "sh"
        for command in block.text.splitlines()
    ]


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakePortOne]:
    """Run a fake PortOne in whose environment the blocks run."""
    # The payments are a minute old: a period that has ended contains them.
    async with FakePortOne(now=time.time() - 60) as server:
        add_samples(server)
        server.billing_keys.add(customer_uid="member-1-card-1")
        monkeypatch.setenv("PORTONE_IMP_KEY", server.imp_key)
        monkeypatch.setenv("PORTONE_IMP_SECRET", server.imp_secret)
        monkeypatch.setenv("PORTONE_BASE_URL", server.url)
        monkeypatch.delenv("PORTONE_TIER", raising=False)
        monkeypatch.setenv("PORTONE_PROFILES_FILE", "")  # A block sets it, and this unsets it.
        # The package may not be installed, and the server is on this machine.
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        monkeypatch.setenv("PYTHONUTF8", "1")
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
        yield server


@pytest.fixture(autouse=True)
def logger() -> Iterator[None]:
    """Restore the package's logger after each test."""
    log = logging.getLogger("portone_async")
    level, handlers = log.level, log.handlers[:]
    yield
    log.setLevel(level)
    log.handlers[:] = handlers


async def _run(
    *command: str, cwd: Path = ROOT, without: Collection[str] = ()
) -> tuple[int | None, str, str]:
    """Run a command ``without`` some variables: its exit status, its output and its complaints."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if name not in without},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, complaints = await process.communicate()
    return process.returncode, output.decode(), complaints.decode()


# Python


@pytest.mark.parametrize("file", [file for file in PAGES if _kinds(file) != {"sh"}])
async def test_every_python_block_runs(
    file: str, server: FakePortOne, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "VALKEY_URL" in _read(file):
        with store_server("valkey", tmp_path) as store:
            monkeypatch.setenv("VALKEY_URL", store.url)
            await _run_blocks(file, server, tmp_path, monkeypatch)
    else:
        await _run_blocks(file, server, tmp_path, monkeypatch)


async def _run_blocks(
    file: str, server: FakePortOne, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What a block writes is not for this repository.
    monkeypatch.chdir(tmp_path)
    async with server.client() as client:
        namespace: dict[str, Any] = {"client": client, "server": server, "__name__": "__main__"}
        for block in _blocks(file):
            if block.kind != "python":
                continue
            if "asyncio.run(" in block.text:
                await _run_script(block, tmp_path)
            elif "def test_" in block.text:
                await _run_pytest(block, tmp_path)
            else:
                await _run_coroutine(block, namespace)
        await _close_own(namespace, server)
    assert server.count("/") > 0


async def _close_own(namespace: dict[str, Any], server: FakePortOne) -> None:
    """Close the fake PortOne, and its client, that a block has started for a prompt."""
    started: FakePortOne = namespace["server"]
    if started is not server:
        await namespace["client"].close()
        started.__exit__(None, None, None)


async def _run_script(block: Block, place: Path) -> None:
    script = place / "script.py"
    script.write_text(block.text, "utf-8")
    # Not "-X dev": asyncio would report a slow machine.
    status, output, complaints = await _run(sys.executable, "-W", "error", str(script))
    assert (status, complaints) == (0, ""), block
    assert "15000 KRW" in output


async def _run_pytest(block: Block, place: Path) -> None:
    name = f"test_{block.line}.py"
    (place / name).write_text(block.text, "utf-8")
    # An installed package has told pytest of its fixtures.
    installed = importlib.metadata.entry_points(group="pytest11", name="portone_async")
    plugin = () if installed else ("-p", "portone_async.testing.plugin")
    options = ("-p", "no:cacheprovider", "--rootdir", str(place), "-o", "asyncio_mode=auto")
    status, output, _ = await _run(
        *(sys.executable, "-X", "dev", "-m", "pytest", *plugin, *options, name), cwd=place
    )
    assert status == 0, f"{block}\n{output}"
    assert "1 passed" in output


async def _run_coroutine(block: Block, namespace: dict[str, Any]) -> None:
    checked = re.sub(
        r"^(.+?)  # -> (.+)$",
        lambda match: f"assert repr(({match[1]})) == {match[2]!r}, ({match[1]})",
        block.text,
        flags=re.MULTILINE,
    )
    assert "# ->" not in checked, f"{block}: not an expression with two blanks before '# ->'"
    code = compile(
        # As many lines before it as in the file, so that a traceback shows where.
        "\n" * (block.line - 1) + checked,
        block.file,
        "exec",
        flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT,
        dont_inherit=True,
    )
    if block.file in SYNCHRONOUS or "blocking" in block.text:
        await asyncio.to_thread(eval, code, namespace)
        return
    result = eval(code, namespace)
    if inspect.isawaitable(result):
        await result


# Shell


async def _is_set_up_and_demo(command: str) -> None:
    make, install, demo = command.split(" && ")
    assert make == "python3 -m venv .venv"
    _is_install(install)
    assert demo == ".venv/bin/portone-async demo"
    with TemporaryDirectory() as place:
        report = Path(place, "report.html")
        # Fewer, as a test should not take its 15 seconds.
        arguments = ("--orders", "30", "--report", str(report))
        status, output, complaints = await _cli("demo", *arguments)
        assert (status, complaints) == (0, "")
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
    assert tests.removeprefix(ours) in _read(".ci/run")


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
    (same,) = (line for line in _commands("README.md") if "-m venv" in line and program in line)
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
    status, output, _ = await _run(
        *(sys.executable, "-X", "dev", "-W", "error", script, *arguments),
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
    rest, complaints = await process.communicate()
    assert re.match(rb"Fake PortOne on http://127\.0\.0\.1:\d+", first)
    assert b"imp_key" in rest
    assert (process.returncode, complaints) == (0, b"")


async def _runs_cli(command: str) -> None:
    _, *arguments = shlex.split(command)
    status, output, complaints = await _cli(*arguments)
    assert (status, complaints) == (0, "")
    orders = [each for each in arguments if each.startswith("ORD-")]
    assert all(order in output for order in orders)


async def _examines(command: str) -> None:
    _, *arguments = shlex.split(command)
    with TemporaryDirectory() as name:
        place = Path(name)
        status, output, complaints = await _cli(*arguments, "--rate", "100000", cwd=place)
        # The clock of this file's server is a minute slow.
        assert status == (0 if "--plan" in arguments else 1), output
        assert "POST /users/getToken" in output + complaints
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
            status, output, complaints = await _cli(*arguments, cwd=place)
            assert (status, complaints) == (expected, "")
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
            status, output, complaints = await _cli(*arguments, cwd=place)
        assert (status, "partitions (1 Tiers)" in complaints) == (0, True), complaints
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
    commands = sorted({command for file in PAGES for command in _commands(file)})
    slow = pytest.mark.slow  # builds an environment or runs the demo
    return [pytest.param(line, marks=[slow] if " demo" in line else []) for line in commands]


@pytest.mark.parametrize("command", _all_commands())
async def test_every_command_runs(command: str, server: FakePortOne) -> None:
    rules = [rule for pattern, rule in RULES.items() if re.fullmatch(pattern, command)]
    assert len(rules) == 1, f"{len(rules)} rules for {command!r}"
    await rules[0](command)


@pytest.mark.parametrize("file", PAGES)
def test_every_block_is_executable(file: str) -> None:
    assert _kinds(file) in ({"python"}, {"sh"}, {"python", "sh"})
    # No fence is hidden from the pattern that finds blocks.
    assert len(re.findall(r"```|~~~", _read(file))) == 2 * len(_blocks(file))


def test_set_up_is_two_commands_in_both_files() -> None:
    for file in READMES:
        assert sum("-m venv" in command for command in _commands(file)) == 2
    for file in _guides("quickstart"):
        (demo,) = [command for command in _commands(file) if "-m venv" in command]
        assert demo in _commands("README.md")


@pytest.mark.parametrize("file", [*READMES, *_guides("quickstart")])
def test_commands_follow_the_activation_of_the_environment(file: str) -> None:
    programs = ("python ", "pip ", "portone-async ")
    set_up = re.compile("python3 -m venv|uv run")
    commands = [command for command in _commands(file) if not set_up.match(command)]

    assert commands[0] == ". .venv/bin/activate"
    fewest = 2 if file in READMES else 4
    assert sum(command.startswith(programs) for command in commands) >= fewest


# Both languages


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0])
def test_both_languages_have_the_same_blocks(pair: tuple[str, str]) -> None:
    def shape(file: str) -> list[tuple[str, str]]:
        return [(block.kind, _skeleton(block)) for block in _blocks(file)]

    assert shape(pair[0]) == shape(pair[1])


def _skeleton(block: Block) -> str:
    """Return the code without its texts: comments and strings may be translated."""
    if block.kind == "sh":
        return block.text
    tree = ast.parse(block.text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
            node.value = ""
        elif isinstance(node, ast.JoinedStr):
            node.values = [each for each in node.values if isinstance(each, ast.FormattedValue)]
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "print":
            node.args = [each for each in node.args if not isinstance(each, ast.Constant)]
    return ast.unparse(tree)


# The Korean index has a list for pages in English.
@pytest.mark.parametrize(
    "pair", [pair for pair in PAIRS if "index" not in pair[0]], ids=lambda pair: pair[0]
)
def test_both_languages_have_the_same_sections_and_tables(pair: tuple[str, str]) -> None:
    def shape(file: str) -> tuple[list[int], list[str]]:
        prose = re.sub(r"^```.*?^```$", "", _read(file), flags=re.MULTILINE | re.DOTALL)
        headings = [len(each) for each in re.findall(r"^(#+) ", prose, re.MULTILINE)]
        return headings, [row[0] for row in _rows(file) if re.fullmatch(r"`[^`]+`", row[0])]

    assert shape(pair[0]) == shape(pair[1])


def _linked(file: str) -> set[Path]:
    """Return the files of the repository to which a page links."""
    links = re.findall(r"\]\(([^)#]+)\)", _read(file))
    return {
        Path(os.path.normpath(ROOT / Path(file).parent / link))
        for link in links
        if "://" not in link
    }


@pytest.mark.parametrize("file", READMES)
def test_every_linked_file_exists(file: str) -> None:
    linked = _linked(file)

    assert [path for path in linked if not path.exists()] == []
    assert linked >= {ROOT / name for name in set(READMES) - {file}}


@pytest.mark.parametrize("language", LANGUAGES)
def test_guides_link_to_every_example(language: str) -> None:
    guides = [page for page in PAGES if page.startswith(f"docs/{language}/")]

    assert set().union(*map(_linked, guides)) >= {*(ROOT / "examples").glob("*.py")}


# Names and numbers


def _rows(file: str) -> list[list[str]]:
    """Return the rows of all tables, as cells."""
    lines = re.findall(r"^\| (.*) \|$", _read(file), re.MULTILINE)
    return [line.split(" | ") for line in lines]


@pytest.mark.parametrize("file", _guides("errors"))
def test_table_of_errors_matches_the_classes(file: str) -> None:
    told = {
        row[0].strip("`"): {"yes": True, "no": False, "예": True, "아니요": False}[row[-1]]
        for row in _rows(file)
        if row[0].endswith("Error`")
    }
    real = {
        name: value().is_transient
        for name in portone_async.__all__
        if inspect.isclass(value := getattr(portone_async, name))
        and issubclass(value, PortOneError)
        and name not in ROOTS
    }

    assert told == real


@pytest.mark.parametrize("file", _guides("options"))
def test_tables_of_options_match_the_defaults(file: str) -> None:
    options = RetryPolicy(), Timeouts(), RateLimit()
    told = {row[0].strip("`"): row[1] for row in _rows(file) if "." in row[0]}
    real = {
        f"{type(each).__name__}.{name}": str(getattr(each, name))
        for each in options
        for name in each.__struct_fields__
    }

    assert told == real


@pytest.mark.parametrize("file", COMPARED)
def test_every_mentioned_name_exists(file: str) -> None:
    known: dict[str, Any] = {**vars(builtins), "Decimal": Decimal, "MyStruct": Any}
    sections = billing_keys, charges, schedules
    for module in (portone_async, reconcile, testing, valkey, *sections):
        known |= {name: getattr(module, name) for name in module.__all__}
    prose = re.sub(r"^```.*?^```$", "", _read(file), flags=re.MULTILINE | re.DOTALL)
    mentioned = re.findall(r"`([A-Z][a-z]\w+)(?:\.(\w+))?[`(]", prose)

    assert mentioned or "command_line" in file
    for name, attribute in mentioned:
        assert name in known, name
        assert not attribute or hasattr(known[name], attribute), f"{name}.{attribute}"


@pytest.mark.parametrize("file", COMPARED)
def test_every_mentioned_attribute_exists(file: str) -> None:
    payment = set(dir(portone_async.Payment))
    error = set(dir(portone_async.ApiError()))
    text = _read(file)

    assert set(re.findall(r"\bpayment\.(\w+)", text)) <= payment
    assert set(re.findall(r"\berror\.(\w+)", text)) <= error


@pytest.mark.parametrize("file", _guides("testing"))
def test_every_fault_is_listed(file: str) -> None:
    others = {"Exchange", "FakePortOne", "Fault", "RecordedRequest", "Reply"}
    line = next(each for each in _read(file).splitlines() if "`CutBody`" in each)
    listed = set(re.findall(r"`([A-Z]\w+)`", line))

    assert listed == set(testing.__all__) - others | {"Fault"}


def test_newest_version_of_the_changelog_is_this_one() -> None:
    headings = re.findall(r"^## (.*)$", _read("CHANGELOG.md"), re.MULTILINE)
    released = headings[headings[0] == "[Unreleased]" :]
    versions = [re.fullmatch(r"\[(.+?)\] - \d{4}-\d{2}-\d{2}", each) for each in released]

    assert all(versions)
    assert versions[0] is not None
    assert versions[0][1] == portone_async.__version__


def test_contributing_sets_up_with_the_command_of_the_readme() -> None:
    (command,) = _commands("CONTRIBUTING.md")

    assert command in _commands("README.md")


def test_every_path_in_contributing_exists() -> None:
    paths = re.findall(
        r"`((?:portone_async|tests|benchmarks|\.ci)/[\w./]*)`", _read("CONTRIBUTING.md")
    )

    # The package may be installed elsewhere.
    roots = (ROOT, Path(portone_async.__file__).parents[1])
    existing = [path for path in paths if any((root / path).exists() for root in roots)]

    assert existing == [path for path in paths if "SECTION" not in path] != []
