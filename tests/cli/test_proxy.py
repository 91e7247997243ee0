"""``--proxy`` of the command line, in processes that trust a private authority."""

from __future__ import annotations

import asyncio
import sys
from base64 import b64encode
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import NamedTuple

import pytest
import trustme

from tests.support import canaries
from tests.support.scripted import UID
from tests.support.tunnel import KeptAlive, TunnelProxy, kept_alive, tunnel_proxy

PASSWORD = "planted-password-0123456789"
CREDENTIALS = f"user:{PASSWORD}"


class Ran(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture(scope="module", name="authority")
def _authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture(name="tls")
async def _tls(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> AsyncGenerator[KeptAlive]:
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    for name in ("HTTPS_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    async with kept_alive(authority) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        monkeypatch.setenv("PORTONE_BASE_URL", server.url)
        monkeypatch.setenv("PORTONE_IMP_KEY", canaries.KEY)
        monkeypatch.setenv("PORTONE_IMP_SECRET", canaries.SECRET)
        monkeypatch.setenv("LANG", "C.UTF-8")
        monkeypatch.chdir(tmp_path)
        (tmp_path / "orders.csv").write_text(f"merchant_uid,amount\n{UID},1000\n")
        yield server


@pytest.fixture(name="proxy")
async def _proxy(tls: KeptAlive) -> AsyncGenerator[TunnelProxy]:
    async with tunnel_proxy() as proxy:
        proxy.wanted = CREDENTIALS.encode()
        yield proxy


COMMANDS = {
    "find": ("find", UID),
    "reconcile": ("reconcile", "orders.csv"),
    "call": ("call", "GET", f"/payments/find/{UID}"),
    "cancel": ("cancel", "imp_1", "--all", "--reason", "r", "--yes"),
}


async def run(*arguments: str) -> Ran:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "portone_async", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = (text.decode() for text in await process.communicate())
    assert process.returncode is not None
    for secret in (PASSWORD, b64encode(CREDENTIALS.encode()).decode(), canaries.SECRET):
        assert secret not in out + err
    assert "Traceback" not in err
    return Ran(process.returncode, out, err)


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("is_env", [False, True])
async def test_command_goes_through_the_proxy(
    tls: KeptAlive,
    proxy: TunnelProxy,
    monkeypatch: pytest.MonkeyPatch,
    command: str,
    is_env: bool,
) -> None:
    url = proxy.with_credentials(CREDENTIALS)
    if is_env:
        monkeypatch.setenv("HTTPS_PROXY", url)
    ran = await run(*COMMANDS[command], "--proxy", "env" if is_env else url)
    # The server knows no listing, and answers with another payment.
    assert ran.code == {"find": 0, "reconcile": 3, "call": 0, "cancel": 2}[command]
    assert all(head.startswith(b"CONNECT ") for head in proxy.heads)
    assert tls.received[1].startswith(b"GET /payments")
    assert b"Bearer" not in proxy.seen


@pytest.mark.parametrize("command", COMMANDS)
async def test_proxy_refusal_exits_2(tls: KeptAlive, proxy: TunnelProxy, command: str) -> None:
    url = proxy.with_credentials(f"other:{PASSWORD}")
    ran = await run(*COMMANDS[command], "--proxy", url)
    assert ran.code == 2
    assert f"the proxy {proxy.name} wants another user name and password (407)" in ran.err
    assert len(proxy.heads) == 1
    assert not tls.received


@pytest.mark.parametrize("command", COMMANDS)
async def test_invalid_proxy_url_is_not_quoted(tls: KeptAlive, command: str) -> None:
    ran = await run(*COMMANDS[command], "--proxy", f"ftp://{CREDENTIALS}@proxy.example")
    assert ran.code == 2
    assert ran.err.startswith("portone-async: proxy must be like http://proxy.example:3128")


@pytest.mark.parametrize("option", ["--prox", "--rat", "--proxy-url"])
async def test_mistyped_option_is_quoted_without_its_password(tls: KeptAlive, option: str) -> None:
    ran = await run("find", UID, option, f"http://{CREDENTIALS}@proxy.example:3128")
    assert ran.code == 2
    assert f"unrecognized arguments: {option} ***\n" in ran.err


async def test_no_proxy_host_is_connected_directly(
    tls: KeptAlive, proxy: TunnelProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    assert (await run("find", UID, "--proxy", "env")).code == 0
    assert not proxy.heads


async def test_proxy_variables_need_the_option(
    tls: KeptAlive, proxy: TunnelProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy.url)
    assert (await run("find", UID)).code == 0
    assert not proxy.heads
