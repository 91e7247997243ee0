"""A client of pyright's language server: what an editor shows for a name."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

__all__ = ("LanguageServer", "language_server")


@contextmanager
def language_server(folder: Path, interpreter: Path) -> Generator[LanguageServer]:
    """Start a language server for a folder, whose imports are those of an interpreter."""
    with subprocess.Popen(
        [sys.executable, "-m", "pyright.langserver", "--stdio"],
        cwd=folder,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        server = LanguageServer(process.stdin, process.stdout, interpreter)
        server.initialize(folder)
        try:
            yield server
        finally:
            server.request("shutdown", None)
            server.notify("exit", None)


class LanguageServer:
    """Speaks the Language Server Protocol over pipes.

    Source: https://microsoft.github.io/language-server-protocol/specifications/lsp/3.17/specification/
    """

    def __init__(self, writer: IO[bytes], reader: IO[bytes], interpreter: Path) -> None:
        self._writer = writer
        self._reader = reader
        self._settings: dict[str, Any] = {"pythonPath": str(interpreter)}
        self._sent = 0

    def initialize(self, folder: Path) -> None:
        text = {"hover": {"contentFormat": ["markdown"]}}
        folders = [{"uri": folder.as_uri(), "name": folder.name}]
        capabilities = {"textDocument": text, "workspace": {"configuration": True}}
        self.request(
            "initialize",
            {
                "processId": None,
                "rootUri": folder.as_uri(),
                "workspaceFolders": folders,
                "capabilities": capabilities,
            },
        )
        self.notify("initialized", {})

    def open(self, path: Path) -> None:
        document = {"uri": path.as_uri(), "languageId": "python", "version": 1}
        self.notify("textDocument/didOpen", {"textDocument": document | {"text": path.read_text()}})

    def hover(self, path: Path, line: int, character: int) -> str:
        """Return the Markdown that an editor shows; empty for nothing."""
        position = {"line": line, "character": character}
        shown = self.request(
            "textDocument/hover", {"textDocument": {"uri": path.as_uri()}, "position": position}
        )
        return shown["contents"]["value"] if shown else ""

    def request(self, method: str, parameters: Any) -> Any:
        """Send a request and return its result; answer what the server requests meanwhile."""
        self._sent += 1
        self._send({"id": self._sent, "method": method, "params": parameters})
        while True:
            message = self._receive()
            if message.get("id") == self._sent and "method" not in message:
                return message["result"]
            if "id" in message:
                self._send({"id": message["id"], "result": self._answer(message)})

    def notify(self, method: str, parameters: Any) -> None:
        self._send({"method": method, "params": parameters})

    def _answer(self, request: dict[str, Any]) -> Any:
        if request["method"] != "workspace/configuration":
            return None
        sections = [item.get("section") for item in request["params"]["items"]]
        return [self._settings if section == "python" else {} for section in sections]

    def _send(self, message: dict[str, Any]) -> None:
        content = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._writer.write(b"Content-Length: %d\r\n\r\n%b" % (len(content), content))
        self._writer.flush()

    def _receive(self) -> dict[str, Any]:
        length = 0
        while (line := self._reader.readline()).strip():
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if not length:
            raise EOFError("the language server has ended")
        message: dict[str, Any] = json.loads(self._reader.read(length))
        return message
