"""Run the examples: the scripts as processes, the FastAPI app over HTTP."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import socket
import sys
import tomllib
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import uvicorn

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))


async def begun(script: str, *arguments: str) -> asyncio.subprocess.Process:
    """Start an example as a process."""
    # Not "-X dev": in debug mode asyncio reports slow tasks to stderr.
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", str(EXAMPLES / script), *arguments),
        cwd=ROOT,
        # The examples need no installed package here.
        env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUTF8": "1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def ran(script: str, *arguments: str) -> tuple[int | None, str, str]:
    """Run an example as a process: return its exit status, its output and its error output."""
    process = await begun(script, *arguments)
    output, errors = await process.communicate()
    return process.returncode, output.decode(), errors.decode()


def loaded(name: str) -> Any:
    """Import an example anew: each test has its own app."""
    spec = importlib.util.spec_from_file_location(f"examples_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    # FastAPI looks annotations up in the module of a function.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@asynccontextmanager
async def fastapi_served(example: Any) -> AsyncGenerator[str, None]:
    # It listens already: who connects before the app has started just waits.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(example.app, log_config=None, lifespan="on", ws="none")
        server = uvicorn.Server(config)
        async with asyncio.TaskGroup() as group:
            group.create_task(server.serve(sockets=[listener]))
            try:
                yield f"http://127.0.0.1:{listener.getsockname()[1]}"
            finally:
                server.should_exit = True
