"""The private parts of aiohttp in use exist and are called, or the client refuses to run."""

from __future__ import annotations

import ast
import functools
import inspect
import textwrap
import tomllib
from pathlib import Path
from typing import Any

import aiohttp.client
import pytest
from aiohttp import ClientRequest, ClientResponse, ClientSession, TCPConnector, TraceConfig
from aiohttp.client_proto import ResponseHandler
from aiohttp.connector import Connection

import portone_async
from portone_async import PortOneClient, UnsupportedVersionError
from portone_async._http import direct as _direct
from portone_async._http import direct_check as _direct_check
from portone_async._http import hooks as _hooks
from portone_async._http import session as _session
from portone_async.testing import FakePortOne
from tests.support.script import run_script
from tests.support.scripted import UID

ROOT = Path(__file__).parents[2]
NAMES = {
    # Guards: their absence is refused.
    "_acquired",
    "_close",
    "_closed",
    "_default_proxy",
    "_default_proxy_auth",
    "_loop",
    "_request",
    "_retry_connection",
    "_ssl",
    "send",
    "should_close",
    # Short cuts: without them requests go through the session.
    "_create_connection",
    # Without it each read allocates 256 KB.
    "_factory",
    "connection_key",
    # Without them aiohttp copies and completes the same headers.
    "update_auto_headers",
    "update_headers",
}
"""Every name of aiohttp in use that is private, undocumented or overridden."""
UNDOCUMENTED = {"should_close"}


async def test_private_names_of_aiohttp_in_use_exist() -> None:
    used = {name for path in _modules() for name in _private_names(path)}
    subclasses = (_session._Request, _direct._Destination, _direct_check._InMemory)
    overridden = {name for kind in subclasses for name in vars(kind) if not name.startswith("__")}
    overridden -= {"_key", "connections"}
    assert {name for name in used if name in await _names_of_aiohttp()} | overridden == NAMES
    assert await _names_of_aiohttp() >= NAMES


def _modules() -> list[Path]:
    paths = Path(portone_async.__file__).parent.rglob("*.py")
    return [path for path in paths if "aiohttp" in path.read_text("utf-8")]


def _private_names(path: Path) -> set[str]:
    """Return the private attributes that a module uses elsewhere than on ``self``."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) not in ("self", "view"):
            names.add(node.attr)
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "private":
            names.add(ast.unparse(node.args[1]).strip("'"))
    names &= {name for name in names if name.startswith("_")} | UNDOCUMENTED
    return {name for name in names if not name.startswith("__")}


async def _names_of_aiohttp() -> set[str]:
    async with ClientSession(connector=TCPConnector()) as session:
        instances = (session, session.connector)
        return {
            name
            for owner in (*instances, ClientRequest, ClientResponse, Connection, ResponseHandler)
            for name in dir(owner)
        }


def test_next_major_version_of_aiohttp_is_not_installed() -> None:
    pyproject = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    (needed,) = (
        dependency for dependency in pyproject["project"]["dependencies"] if "aiohttp" in dependency
    )
    assert "<4" in needed.split(",")


def _patched(old: str, new: str) -> Any:
    """Make ``ClientSession._request`` as a later aiohttp may have it."""
    source = textwrap.dedent(inspect.getsource(ClientSession._request))
    assert old in source
    # So that annotations do not evaluate names that are imported under "if TYPE_CHECKING".
    source = f"from __future__ import annotations\n{source.replace(old, new)}"
    names = dict(vars(aiohttp.client))
    exec(compile(source, aiohttp.client.__file__, "exec"), names)
    return names["_request"]


async def refusal(server: FakePortOne, **options: Any) -> str:
    """Look up a payment; return why that was refused, with nothing sent."""
    client = server.client(**options)
    with pytest.raises(UnsupportedVersionError) as caught:
        await client.payments.find(UID)
    assert not server.requests
    assert f"aiohttp {aiohttp.__version__}" in str(caught.value)
    assert "Install" in str(caught.value)
    return caught.value.reason


async def test_renamed_hook_is_refused(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ClientRequest, "_send", ClientRequest.send, raising=False)
    monkeypatch.delattr(ClientRequest, "send")
    monkeypatch.setattr(ClientSession, "_request", _patched("req.send(", "req._send("))
    assert "ClientRequest.send" in await refusal(server)


@pytest.mark.parametrize("is_passed", [False, True])
async def test_hook_that_is_not_called_is_refused(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch, is_passed: bool
) -> None:
    patched = _patched("req.send(conn)", "ClientRequest.send(req, conn)")
    monkeypatch.setattr(ClientSession, "_request", patched)
    async with ClientSession() as session:
        reason = await refusal(server, session=session if is_passed else None)
    assert "does not call ClientRequest.send()" in reason


async def test_aiohttp_that_sends_twice_is_refused(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    patched = _patched("self._retry_connection and", "")
    monkeypatch.setattr(ClientSession, "_request", patched)
    assert "twice" in await refusal(server)


async def test_request_that_waits_before_the_hook_is_refused(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    patched = _patched("req.send(conn)", "asyncio.sleep(1)")
    monkeypatch.setattr(ClientSession, "_request", patched)
    assert "does not call" in await refusal(server)


@pytest.mark.parametrize(
    ("owner", "name"),
    [
        ("connector", "_loop"),
        ("connector", "_ssl"),
        ("session", "_default_proxy"),
        ("session", "_default_proxy_auth"),
    ],
)
async def test_session_without_the_checked_names_is_refused(
    server: FakePortOne, owner: str, name: str
) -> None:
    async with ClientSession() as session:
        passed: Any = session if owner == "session" else session.connector
        value = passed.__dict__.pop(name)
        assert name in await refusal(server, session=session)
        passed.__dict__[name] = value


async def test_hooks_are_checked_once(server: FakePortOne, monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[_hooks._Nowhere] = []

    async def connect(self: _hooks._Nowhere, *_: Any, **__: Any) -> Any:
        tried.append(self)
        self.connections += 1
        return _hooks._Breaking()

    monkeypatch.setattr(_hooks._Nowhere, "connect", connect)
    monkeypatch.setattr(_hooks, "_checked", set[object]())
    for _ in range(3):
        async with server.client():
            pass
    assert len(tried) == 1
    assert not server.requests


async def test_check_of_the_hooks_is_not_monitored(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    urls: list[str] = []
    original: Any = ClientSession._request
    make: Any = ClientSession.__init__

    @functools.wraps(original)
    async def request(self: ClientSession, method: str, url: Any, **options: Any) -> Any:
        urls.append(str(url))
        return await original(self, method, url, **options)

    async def started(_: object, __: object, params: Any) -> None:
        urls.append(str(params.url))

    @functools.wraps(make)
    def init(self: ClientSession, *args: Any, **options: Any) -> None:
        trace = TraceConfig()
        trace.on_request_start.append(started)
        make(self, *args, **options, trace_configs=[trace])

    monkeypatch.setattr(ClientSession, "_request", request)
    monkeypatch.setattr(ClientSession, "__init__", init)
    monkeypatch.setattr(_hooks, "_checked", set[object]())
    server.add(merchant_uid=UID)
    async with server.client() as client:
        await client.payments.find(UID)
    assert _hooks._checked == {original}
    assert len(urls) == 4
    assert all(url.startswith(server.url) for url in urls)


async def test_mocked_aiohttp_is_not_checked(mocks: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_hooks, "_checked", set[object]())
    async with PortOneClient("key", "secret"):
        assert not _hooks._checked


async def test_check_of_the_hooks_keeps_no_reference(server: FakePortOne) -> None:
    script = (
        "import asyncio, gc, weakref\n"
        "from portone_async import PortOneClient\n"
        "async def main():\n"
        "    gc.disable()\n"
        "    client = PortOneClient.from_env(rate_limit=None)\n"
        "    await client.payments.find('order')\n"
        "    await client.close()\n"
        "    reference = weakref.ref(client._state.transport)\n"
        "    del client\n"
        "    print(reference() is None)\n"
        "asyncio.run(main())\n"
    )
    server.add(merchant_uid="order", amount=1)

    assert await run_script(script, server) == ["True"]
