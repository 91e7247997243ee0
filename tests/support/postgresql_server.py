"""A real PostgreSQL server in a separate process, on a socket in a temporary folder."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest

from tests.conftest import missing_program

__all__ = ("PASSWORD", "USER", "postgresql_server")

USER = "shop"
PASSWORD = "p@ss/w:rd#1?%"


@contextmanager
def postgresql_server() -> Generator[str]:
    """Run a server, and yield its address; skip the test where there is none."""
    initdb, postgres = _server_program("initdb"), _server_program("postgres")
    if initdb is None or postgres is None:
        missing_program("there is no PostgreSQL server here: apt-get install postgresql")
    pwd = pytest.importorskip("pwd", reason="the server is started with a user of POSIX")
    # The server refuses to run as root. The path of its socket must be short, so not in tmp_path.
    folder = Path(tempfile.mkdtemp(prefix="pg-", dir="/tmp"))
    owner = "nobody" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name
    shutil.chown(folder, owner)
    environment = {"PATH": os.environ["PATH"], "LC_ALL": "C"}
    (folder / "password").write_text(PASSWORD)
    shutil.chown(folder / "password", owner)
    subprocess.run(
        [
            *(initdb, "-D", folder / "data", "-U", USER, "-E", "UTF8", "--no-sync"),
            *("--auth=scram-sha-256", "--pwfile", folder / "password"),
        ],
        user=owner,
        cwd="/",
        env=environment,
        check=True,
        capture_output=True,
    )
    with subprocess.Popen(
        [
            *(postgres, "-D", folder / "data", "-k", folder),
            *("-c", "listen_addresses=", "-c", "fsync=off"),
        ],
        user=owner,
        cwd="/",
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            _wait_until_ready(server)
            yield f"postgresql://{USER}:{quote(PASSWORD, safe='')}@/postgres?host={folder}"
        finally:
            # Shut down without waiting for clients.
            server.send_signal(signal.SIGINT)
            # Drain its log; a full pipe would block it.
            server.communicate()
            shutil.rmtree(folder)


def _wait_until_ready(server: subprocess.Popen[str]) -> None:
    assert server.stderr is not None
    log: list[str] = []
    while "ready to accept connections" not in "".join(log[-1:]):
        log.append(server.stderr.readline())
        assert log[-1], "".join(log)


def _server_program(name: str) -> str | None:
    """Return the newest version that Debian installs outside of the PATH, or the one in the PATH."""
    installed = sorted(
        Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda path: int(path.parts[4])
    )
    return str(installed[-1]) if installed else shutil.which(name)
