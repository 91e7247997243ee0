"""Run a Python script, with a fake PortOne in its environment, or any command as a process."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Collection
from pathlib import Path

from portone_async.testing import FakePortOne

from .forced_way import script_prelude


def environment(server: FakePortOne) -> dict[str, str]:
    """Return the environment in which ``PortOneClient.from_env()`` reaches ``server``."""
    return {
        "PYTHONPATH": ":".join(sys.path),
        "SSL_CERT_FILE": os.environ["SSL_CERT_FILE"],
        "PORTONE_BASE_URL": server.url,
        "PORTONE_IMP_KEY": server.imp_key,
        "PORTONE_IMP_SECRET": server.imp_secret,
    }


async def run_script(script: str, server: FakePortOne) -> list[str]:
    """Run a script whose ``PortOneClient.from_env()`` reaches ``server``; return its printed lines."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script_prelude() + script,
        stdout=asyncio.subprocess.PIPE,
        env=environment(server),
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return output.decode().splitlines()


async def run_process(
    *command: str, cwd: Path, without: Collection[str] = ()
) -> tuple[int | None, str, str]:
    """Run a command ``without`` some variables; return its exit status, output and error output."""
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=cwd,
        env={name: value for name, value in os.environ.items() if name not in without},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()
