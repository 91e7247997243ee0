"""Run a Python script in a separate process, with a fake PortOne in its environment."""

from __future__ import annotations

import asyncio
import os
import sys

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
