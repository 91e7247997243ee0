"""``python -m portone_async`` as a process: Ctrl-C, and a missing rich."""

from __future__ import annotations

import asyncio
import signal
import sys
from contextlib import suppress

import pytest

from portone_async.testing import FakePortOne
from tests.support.custom_faults import Hanging

pytestmark = pytest.mark.usefixtures("environment")

# With warnings, but not "-X dev": in debug mode asyncio reports slow tasks to stderr.
PYTHON = (sys.executable, "-W", "default")


async def _ended(process: asyncio.subprocess.Process) -> tuple[int, str]:
    try:
        _, err = await process.communicate()
    finally:
        with suppress(ProcessLookupError):
            process.kill()
    assert process.returncode is not None
    return process.returncode, err.decode()


@pytest.mark.skipif(sys.platform == "win32", reason="signals are not sent so there")
@pytest.mark.parametrize("command", [("find", "a", "b"), ("doctor",)], ids=lambda words: words[0])
async def test_ctrl_c_exits_130_without_a_traceback(
    server: FakePortOne, command: tuple[str, ...]
) -> None:
    hanging = Hanging()
    server.fail(hanging)
    process = await asyncio.create_subprocess_exec(
        *(*PYTHON, "-m", "portone_async", *command),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    await hanging.reached()
    process.send_signal(signal.SIGINT)
    assert await _ended(process) == (130, "")


@pytest.mark.skipif(sys.platform == "win32", reason="signals are not sent so there")
async def test_ctrl_c_during_a_change_reports_that_it_may_have_happened(
    server: FakePortOne,
) -> None:
    hanging = Hanging()
    server.fail(hanging, on="/payments/prepare")
    process = await asyncio.create_subprocess_exec(
        *(*PYTHON, "-m", "portone_async", "call", "POST", "/payments/prepare", "--body", "{}"),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    await hanging.reached()
    process.send_signal(signal.SIGINT)
    assert await _ended(process) == (130, "interrupted: the request may have been carried out\n")


async def _without_rich(*arguments: str) -> tuple[int, str]:
    program = (
        "import sys; sys.modules['rich'] = None\n"
        "from portone_async.cli import main; sys.exit(main(sys.argv[1:]))"
    )
    process = await asyncio.create_subprocess_exec(
        *(*PYTHON, "-c", program, *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    return await _ended(process)


@pytest.mark.parametrize("arguments", [["find", "a"], ["demo"]])
async def test_missing_rich_exits_2_without_a_request(
    server: FakePortOne, arguments: list[str]
) -> None:
    wanted = "portone-async needs rich: pip install 'portone-async[cli]'\n"
    assert await _without_rich(*arguments) == (2, wanted)
    assert not server.requests


async def test_json_needs_no_rich(server: FakePortOne) -> None:
    server.add(merchant_uid="a")
    assert await _without_rich("find", "a", "--json") == (0, "")
    assert await _without_rich("call", "GET", "/banks") == (0, "")
