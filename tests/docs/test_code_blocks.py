"""Run every block of Python of the READMEs and of the pages in ``docs``.

They are run in order, in one namespace for each file, with a ``client`` and a ``server`` that has
the payments of ``python -m portone_async.testing``:

- one with ``asyncio.run(`` is a script, and run as a process of its own;
- one with ``def test_`` is a file for pytest, and run by it;
- one that uses the blocking client is run in a thread without an event loop;
- any other is run as the body of a coroutine; a line ``expression  # -> value`` must be so.
"""

from __future__ import annotations

import ast
import asyncio
import importlib.metadata
import inspect
import logging
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from portone_async.testing import FakePortOne
from tests.support.guides import PAGES, Block, blocks, kinds, read
from tests.support.script import run_process
from tests.support.store_server import store_server

SYNCHRONOUS = {"docs/en/synchronous.md", "docs/ko/synchronous.md"}


@pytest.fixture(autouse=True)
def logger() -> Iterator[None]:
    """Restore the package's logger after each test."""
    log = logging.getLogger("portone_async")
    level, handlers = log.level, log.handlers[:]
    yield
    log.setLevel(level)
    log.handlers[:] = handlers


@pytest.mark.parametrize("file", [file for file in PAGES if kinds(file) != {"sh"}])
async def test_every_python_block_runs(
    file: str, server: FakePortOne, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "VALKEY_URL" in read(file):
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
        for block in blocks(file):
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
    status, output, errors = await run_process(
        sys.executable, "-W", "error", str(script), cwd=place
    )
    assert (status, errors) == (0, ""), block
    assert "15000 KRW" in output


async def _run_pytest(block: Block, place: Path) -> None:
    name = f"test_{block.line}.py"
    (place / name).write_text(block.text, "utf-8")
    # An installed package has told pytest of its fixtures.
    installed = importlib.metadata.entry_points(group="pytest11", name="portone_async")
    plugin = () if installed else ("-p", "portone_async.testing.plugin")
    options = ("-p", "no:cacheprovider", "--rootdir", str(place), "-o", "asyncio_mode=auto")
    status, output, _ = await run_process(
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


@pytest.mark.parametrize("file", PAGES)
def test_every_block_is_executable(file: str) -> None:
    assert kinds(file) in ({"python"}, {"sh"}, {"python", "sh"})
    # No fence is hidden from the pattern that finds blocks.
    assert len(re.findall(r"```|~~~", read(file))) == 2 * len(blocks(file))
