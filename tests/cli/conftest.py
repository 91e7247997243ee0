"""Fixtures of the tests of the command line."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from portone_async.testing import FakePortOne
from tests.support.command import run_command
from tests.support.environment import set_environment

Run = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def environment(server: FakePortOne, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the environment variables that a client reads to the address and keys of the fake."""
    set_environment(monkeypatch, server)


@pytest.fixture
def reconcile_command(
    server: FakePortOne,
    environment: None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
) -> Run:
    """Run ``portone-async reconcile`` in a temporary folder; return its exit code and output."""
    monkeypatch.chdir(tmp_path)

    async def run(*arguments: str) -> tuple[int, str, str]:
        return await run_command(capsys, "reconcile", *arguments, secrets=[server.imp_secret])

    return run
