"""The standard streams of the command: closed, full or non-blocking ones, and broken pipes."""

from __future__ import annotations

import asyncio
import errno
import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from portone_async.cli import main
from portone_async.cli.find.stdin import stdin_lines
from portone_async.testing import FakePortOne

# With warnings, but not "-X dev": in debug mode asyncio reports slow tasks to stderr.
PROGRAM = (sys.executable, "-W", "default", "-m", "portone_async")
COMMANDS = {
    "find": ["find", "a"],
    "find_json": ["find", "a", "--json"],
    "reconcile": ["reconcile", "orders.csv"],
    "demo": ["demo", "--orders", "1"],
    "help": ["--help"],
    "version": ["--version"],
}
# Text may be flushed when it is written, or only when the command ends.
each_way_to_write = pytest.mark.parametrize(
    ("name", "buffering"),
    [
        *(("find", ""), ("find_json", ""), ("find_json", "1"), ("reconcile", "")),
        *(("help", "1"), ("version", "")),
    ],
)
only_posix = pytest.mark.skipif(sys.platform == "win32", reason="a POSIX shell starts the command")


@pytest.fixture(autouse=True)
def _files(
    server: FakePortOne, environment: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    server.add(merchant_uid="a", name="Café 라떼 \U0001f381")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[2]))
    monkeypatch.chdir(tmp_path)
    Path("orders.csv").write_text("order_id,amount\na,1000\n")


async def shell(redirections: str, arguments: list[str]) -> tuple[int | None, str, str]:
    """Run the command with redirections such as ``>&-``; return its exit code, stdout and stderr."""
    process = await asyncio.create_subprocess_exec(
        *("sh", "-c", f'exec "$@" {redirections}', "sh", *PROGRAM, *arguments),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    return process.returncode, out.decode(), err.decode()


@only_posix
@pytest.mark.parametrize("name", ["find_json", "reconcile", "demo", "help"])
async def test_closed_stdout_exits_2_with_one_line(name: str) -> None:
    code, _, err = await shell(">&-", COMMANDS[name])
    assert (code, err) == (2, "portone-async: stdout is closed: there is nowhere to write to\n")


@only_posix
@each_way_to_write
async def test_full_stdout_exits_2_with_one_line(
    monkeypatch: pytest.MonkeyPatch, name: str, buffering: str
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", buffering)
    code, _, err = await shell(">/dev/full", COMMANDS[name])
    assert code == 2
    assert err.startswith("portone-async: ")
    assert "No space left" in err
    assert err.count("\n") == 1


@only_posix
@each_way_to_write
async def test_closed_pipe_exits_141_silently(
    monkeypatch: pytest.MonkeyPatch, name: str, buffering: str
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", buffering)
    reader, writer = os.pipe()
    os.close(reader)
    try:
        process = await asyncio.create_subprocess_exec(
            *(*PROGRAM, *COMMANDS[name]), stdout=writer, stderr=asyncio.subprocess.PIPE
        )
    finally:
        os.close(writer)
    _, err = await process.communicate()
    assert (process.returncode, err) == (141, b"")


@only_posix
async def test_closed_stdin_exits_2() -> None:
    code, _, err = await shell("<&-", ["find", "-"])
    assert code == 2
    assert err == "portone-async: stdin is closed: there are no order numbers to read\n"


@only_posix
async def test_unreadable_stdin_exits_2() -> None:
    code, _, err = await shell("0>typed", ["find", "-"])
    assert (code, err) == (2, "portone-async: stdin cannot be read: Bad file descriptor\n")


@only_posix
@pytest.mark.parametrize("redirection", ["2>&-", "2>/dev/full"])
async def test_unwritable_stderr_keeps_the_exit_code(redirection: str) -> None:
    code, out, _ = await shell(redirection, ["find", "a", "none", "--json"])
    assert code == 1
    assert len(out.splitlines()) == 2


@pytest.mark.parametrize(("is_windows", "code"), [(True, 141), (False, 2)])
def test_invalid_argument_is_a_broken_pipe_on_windows_only(
    monkeypatch: pytest.MonkeyPatch, is_windows: bool, code: int
) -> None:
    def write(_: str) -> int:
        raise OSError(errno.EINVAL, "Invalid argument")

    monkeypatch.setattr(sys, "stdout", SimpleNamespace(write=write, flush=lambda: None))
    monkeypatch.setattr("portone_async.cli.streams._IS_WINDOWS", is_windows)
    assert main(["--version"]) == code


@pytest.mark.parametrize("encoding", ["cp949", "ascii"])
async def test_json_is_valid_in_every_encoding_of_stdout(
    monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    monkeypatch.setenv("PYTHONIOENCODING", encoding)
    process = await asyncio.create_subprocess_exec(
        *(*PROGRAM, "find", "--json", "a"), stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert json.loads(out.decode(encoding))["payment"]["name"] == "Café 라떼 \U0001f381"


# stdin


async def _open(*arguments: str) -> tuple[asyncio.subprocess.Process, Callable[..., object]]:
    process = await asyncio.create_subprocess_exec(
        *PROGRAM,
        "find",
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdin is not None
    return process, process.stdin.write


async def test_lines_are_answered_while_stdin_stays_open(server: FakePortOne) -> None:
    process, write = await _open("-", "--json")
    assert process.stdin is not None
    assert process.stdout is not None
    for order, is_found in (("a", True), ("none", False), ("a", True)):
        write(f"{order}\n".encode())
        line = json.loads(await process.stdout.readline())
        assert (line["merchant_uid"], line["found"]) == (order, is_found)
    process.stdin.close()
    await process.communicate()
    assert process.returncode == 1


@only_posix
async def test_interrupt_does_not_wait_for_an_open_stdin(server: FakePortOne) -> None:
    process, write = await _open("-", "--json")
    assert process.stdout is not None
    assert process.stderr is not None
    write(b"a\n")
    await process.stdout.readline()
    process.send_signal(signal.SIGINT)
    assert await process.wait() == 130
    assert await process.stderr.read() == b""


@only_posix
async def test_refused_keys_do_not_wait_for_an_open_stdin(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PORTONE_IMP_SECRET", "wrong")
    process, write = await _open("-", "--json")
    write(b"a\n")
    assert await process.wait() == 2


@only_posix
async def test_stdin_is_read_only_as_lines_are_requested(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reader, writer = os.pipe()
    os.set_blocking(writer, False)

    def fill() -> int:
        taken = 0
        try:
            while True:
                taken += os.write(writer, b"order-1\n" * 512)
        except BlockingIOError:
            return taken

    capacity = fill()
    taken = 0
    with os.fdopen(reader) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        lines = stdin_lines()
        for _ in range(100):
            assert await anext(lines) == "order-1"
            taken += fill()
        await lines.aclose()
    os.close(writer)
    assert taken <= capacity


@only_posix
async def test_nonblocking_stdin_is_read_to_its_end(server: FakePortOne) -> None:
    stdin, writer = os.pipe()
    os.set_blocking(stdin, False)
    process = await asyncio.create_subprocess_exec(
        *(*PROGRAM, "find", "-", "--json"), stdin=stdin, stdout=asyncio.subprocess.PIPE
    )
    os.close(stdin)
    assert process.stdout is not None
    for order in ("a", "none", "a"):
        os.write(writer, f"{order}\n".encode())
        assert json.loads(await process.stdout.readline())["merchant_uid"] == order
    os.close(writer)
    await process.communicate()
    assert process.returncode == 1


@only_posix
@pytest.mark.parametrize("unbuffered", ["", "1"])
async def test_nonblocking_stdout_gets_all_output(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch, unbuffered: str
) -> None:
    monkeypatch.setenv("PYTHONUNBUFFERED", unbuffered)
    name = "x" * 1_000_000  # More than a pipe holds.
    server.add(merchant_uid="long", name=name)
    reader, stdout = os.pipe()
    os.set_blocking(stdout, False)
    process = await asyncio.create_subprocess_exec(
        *(*PROGRAM, "find", "--json", "long"), stdout=stdout
    )
    os.close(stdout)
    with os.fdopen(reader) as output:
        line = await asyncio.to_thread(output.read)
    assert await process.wait() == 0
    assert json.loads(line)["payment"]["name"] == name


@only_posix
async def test_endless_line_is_rejected() -> None:
    code, out, err = await shell("</dev/zero", ["find", "-", "--json"])
    assert (code, out) == (2, "")
    assert "a line of stdin has 10,000 characters or more" in err


@pytest.mark.parametrize("line", ["x" * 9_999, "x" * 9_998 + "\n"])
async def test_line_below_the_limit_is_read(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, line: str
) -> None:
    (tmp_path / "typed").write_text(line)
    with (tmp_path / "typed").open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert [line async for line in stdin_lines()] == [line.rstrip()]


async def test_blank_lines_are_skipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "typed").write_text("a\n\n   \n\t\n b\n")
    with (tmp_path / "typed").open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert [line async for line in stdin_lines()] == ["a", " b"]
