"""Run a command of ``portone-async`` in this process."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterable
from decimal import Decimal
from typing import Any, NamedTuple

import pytest

from portone_async.cli import main

__all__ = ("Ran", "Terminal", "run_command", "run_main")


class Ran(NamedTuple):
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The JSON on stdout, numbers with a fraction as ``Decimal``."""
        return json.loads(self.out, parse_float=Decimal)

    @property
    def json_lines(self) -> list[dict[str, Any]]:
        """The JSON on each line of stdout."""
        return [json.loads(line, parse_float=Decimal) for line in self.out.splitlines()]


class Terminal(io.StringIO):
    """A stdin on which a person types."""

    def isatty(self) -> bool:
        return True


async def run_command(
    capsys: pytest.CaptureFixture[str], *arguments: str, secrets: Iterable[str | None]
) -> Ran:
    """Run a command in a thread; check that its output has neither a secret nor a traceback."""
    ran = await asyncio.to_thread(run_main, capsys, *arguments)
    for secret in secrets:
        assert secret is None or secret not in ran.out + ran.err
    assert "Traceback" not in ran.err
    return ran


def run_main(capsys: pytest.CaptureFixture[str], *arguments: str) -> Ran:
    """Run a command in this thread."""
    try:
        code = main(arguments)
    except SystemExit as exited:
        code = int(str(exited.code))
    out, err = capsys.readouterr()
    return Ran(code, out, err)
