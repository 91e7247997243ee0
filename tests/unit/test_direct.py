"""Requests that go around aiohttp's session are those that go through it, or go through it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import BaseConnector, ClientRequest, ClientSession
from aiohttp.client_proto import ResponseHandler
from yarl import URL

from portone_async import PortOneClient
from portone_async._http import direct_check, transport
from portone_async.call import Call
from tests.support.raw_server import raw_server
from tests.support.scripted import token_reply

CALLS = {
    "GET": Call("GET", "/payments/{uid}", dict[str, Any], path={"uid": "a+b/한"}),
    "query": Call("GET", "/payments", dict[str, Any], query=[("imp_uid[]", "a&b"), ("page", 2)]),
    "POST": Call("POST", "/payments/cancel", dict[str, Any], body={"reason": "취소"}),
    "empty POST": Call("POST", "/naver/confirm", dict[str, Any]),
    "PUT": Call("PUT", "/payments", dict[str, Any], body={}),
    "DELETE": Call("DELETE", "/payments/prepare", dict[str, Any]),
}


async def _answer(_: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> None:
    content = token_reply().body if number == 1 else b'{"code":0,"response":{}}'
    head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(content)}\r\n\r\n"
    writer.write(head.encode() + content)


async def _requests(call: Call[Any], **options: Any) -> list[bytes]:
    async with (
        raw_server(_answer) as server,
        PortOneClient("key", "secret", base_url=f"{server.url}/base", **options) as client,
    ):
        await client.call(call)
    return [request.replace(server.url[7:].encode(), b"host") for request in server.requests]


@pytest.mark.parametrize("name", CALLS)
async def test_both_ways_send_the_same_request(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    direct = await _requests(CALLS[name], tier="A01")
    monkeypatch.setattr(transport, "direct_is_available", _no)
    through_session = await _requests(CALLS[name], tier="A01")
    assert len(direct) == 2
    for one, other in zip(direct, through_session, strict=True):
        assert one.split(b"\r\n")[0] == other.split(b"\r\n")[0]
        # The session gives a type to no content.
        lines = set(other.split(b"\r\n")) - {b"Content-Type: application/octet-stream"}
        assert set(one.split(b"\r\n")) == lines


async def test_session_whose_middlewares_are_unknown_is_used() -> None:
    async with ClientSession() as session:
        url = URL("http://localhost")
        assert direct_check.direct_is_available(session, url)
        del session._middlewares
        assert not direct_check.direct_is_available(session, url)


def _fail(*_: Any, **__: Any) -> Any:
    raise AttributeError


def _no(*_: Any) -> bool:
    return False


def _none(_: Any) -> None: ...


def _ignore(*_: Any) -> None: ...


async def _ends(*_: Any, **__: Any) -> None:
    return None


CHANGES: dict[str, tuple[type, str, Any]] = {
    "another signature": (ResponseHandler, "set_response_params", _none),
    "no should_close": (ResponseHandler, "should_close", property(_fail)),
    "responses that are not read": (ResponseHandler, "data_received", _ignore),
    "another result of read()": (ResponseHandler, "read", _ends),
    "another result of connect()": (BaseConnector, "connect", _ends),
    "no pool": (BaseConnector, "_get", _ends),
    "no connection_key": (ClientRequest, "connection_key", property(_fail)),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_session_is_used_if_aiohttp_has_changed(
    change: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert direct_check._works(URL("http://localhost"))
    monkeypatch.setattr(*CHANGES[change])
    assert not direct_check._works(URL("http://localhost"))
