"""Apache's part of a reply, and requests for unknown paths."""

from __future__ import annotations

import aiohttp
import pytest

from portone_async.testing import FakePortOne
from tests.support.fake_http import fetch, fetch_json

NOT_FOUND = {"code": -1, "message": "존재하지 않는 결제정보입니다.", "response": None}


@pytest.mark.parametrize(
    "target", ["/", "/payments/find/a/paid/b", "/payments/find//paid", "/v2/payments", "/users"]
)
async def test_unknown_path_gets_apaches_404(server: FakePortOne, target: str) -> None:
    status, text = await fetch(server, target)

    assert status == 404
    assert text.startswith("<!DOCTYPE HTML PUBLIC")
    assert "<title>404 Not Found</title>" in text


@pytest.mark.parametrize(
    ("method", "target"),
    [
        ("POST", "/payments/find/o"),
        ("DELETE", "/payments/imp_1"),
        ("GET", "/payments/prepare"),
        ("GET", "/users/getToken"),
    ],
)
async def test_wrong_method_gets_apaches_405(server: FakePortOne, method: str, target: str) -> None:
    status, text = await fetch(server, target, method=method)

    assert status == 405
    assert "<title>405 Method Not Allowed</title>" in text


async def test_unknown_path_without_a_token_gets_401(server: FakePortOne) -> None:
    async with (
        aiohttp.ClientSession(server.url) as session,
        session.get("/v2/payments") as reply,
    ):
        assert reply.status == 401
        assert await reply.json() == {"code": -1, "message": "Unauthorized", "response": None}


@pytest.mark.parametrize("slash", ["%2F", "%2f", "%5C", "%5c"])
async def test_encoded_slash_in_a_path_gets_apaches_404(server: FakePortOne, slash: str) -> None:
    server.add(merchant_uid="a/b")
    server.add(merchant_uid="a\\b")
    status, text = await fetch(server, f"/payments/find/a{slash}b")

    assert status == 404
    assert text.startswith("<!DOCTYPE HTML PUBLIC")
    assert "<title>404 Not Found</title>" in text


async def test_request_line_above_apaches_limit_gets_414(server: FakePortOne) -> None:
    longest = "/payments/find/" + "x" * (8190 - len("GET /payments/find/ HTTP/1.1"))

    assert await fetch_json(server, longest) == (404, NOT_FOUND)
    for more in ("x", "x" * 30_000):
        status, text = await fetch(server, longest + more)
        assert status == 414
        assert text.startswith("<!DOCTYPE HTML PUBLIC")
