"""The fake's tokens: ``POST /users/getToken``, and their use."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from portone_async.testing import FakePortOne, Reply
from portone_async.testing.clock import Clock
from portone_async.testing.tokens import Tokens

NOW = 1770000000.0
UNAUTHORIZED = {"code": -1, "message": "Unauthorized", "response": None}
REFUSED = {
    "code": -1,
    "message": "인증에 실패하였습니다. API키와 secret을 확인하세요.",
    "response": None,
}
KEYS_MISSING = {
    "code": -1,
    "message": "imp_key, imp_secret 파라메터가 누락되었습니다.",
    "response": None,
}
NOT_FOUND = {"code": -1, "message": "존재하지 않는 결제정보입니다.", "response": None}


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakePortOne]:
    # Time moves only by advance().
    monkeypatch.setattr("portone_async.testing.clock.monotonic", lambda: 0.0)
    async with FakePortOne(now=NOW) as server:
        yield server


async def get_token(server: FakePortOne, **body: Any) -> tuple[int, Any]:
    options = body or {"json": {"imp_key": server.imp_key, "imp_secret": server.imp_secret}}
    async with (
        aiohttp.ClientSession(server.url) as session,
        session.post("/users/getToken", **options) as reply,
    ):
        return reply.status, await reply.json()


async def issued(server: FakePortOne) -> dict[str, Any]:
    status, body = await get_token(server)
    assert (status, body["code"], body["message"]) == (200, 0, None)
    token: dict[str, Any] = body["response"]
    return token


async def look_up(server: FakePortOne, **headers: str) -> tuple[int, Any]:
    async with (
        aiohttp.ClientSession(server.url, headers=headers) as session,
        session.get("/payments/find/none") as reply,
    ):
        return reply.status, await reply.json()


async def test_token_is_40_hex_digits_and_lives_30_minutes(server: FakePortOne) -> None:
    token = await issued(server)

    assert set(token) == {"access_token", "expired_at", "now"}
    assert len(bytes.fromhex(token["access_token"])) == 20
    assert token["now"] == NOW
    assert token["expired_at"] == NOW + 1800
    assert server.token == token["access_token"]


async def test_key_pair_can_be_sent_as_a_form(server: FakePortOne) -> None:
    form = {"imp_key": server.imp_key, "imp_secret": server.imp_secret}
    status, body = await get_token(server, data=form)

    assert (status, body["response"]["access_token"]) == (200, server.token)


async def test_valid_token_is_returned_again(
    server: FakePortOne,
) -> None:
    first = await issued(server)
    server.advance(1800 - 60)
    again = await issued(server)

    assert again["access_token"] == first["access_token"]
    assert again["expired_at"] == first["expired_at"]
    assert again["now"] == first["now"] + 1800 - 60


async def test_token_in_its_last_minute_is_extended_by_five(server: FakePortOne) -> None:
    first = await issued(server)
    server.advance(1800 - 59)
    again = await issued(server)

    assert again["access_token"] == first["access_token"]
    assert again["expired_at"] == first["expired_at"] + 300


async def test_expired_token_is_refused_and_replaced(server: FakePortOne) -> None:
    first = await issued(server)
    server.advance(1799)
    assert await look_up(server, Authorization=first["access_token"]) == (404, NOT_FOUND)
    server.advance(1)

    assert server.token is None
    assert await look_up(server, Authorization=first["access_token"]) == (401, UNAUTHORIZED)
    assert (await issued(server))["access_token"] != first["access_token"]


async def test_token_lifetime_can_be_chosen() -> None:
    async with FakePortOne(now=NOW, token_lifetime=90.0) as server:
        token = await issued(server)
        assert token["expired_at"] - token["now"] == 90


@pytest.mark.parametrize("end", [FakePortOne.expire_token, FakePortOne.revoke_token])
async def test_token_can_be_ended_early(server: FakePortOne, end: Any) -> None:
    first = await issued(server)
    end(server)

    assert server.token is None
    assert await look_up(server, Authorization=first["access_token"]) == (401, UNAUTHORIZED)
    second = await issued(server)
    assert second["access_token"] != first["access_token"]
    assert await look_up(server, Authorization=first["access_token"]) == (401, UNAUTHORIZED)
    assert await look_up(server, Authorization=second["access_token"]) == (404, NOT_FOUND)


@pytest.mark.parametrize("end", [FakePortOne.expire_token, FakePortOne.revoke_token])
async def test_expire_and_revoke_need_no_token(server: FakePortOne, end: Any) -> None:
    end(server)
    assert server.token is None


async def test_issue_token_returns_what_get_token_would(server: FakePortOne) -> None:
    assert server.issue_token() == (await issued(server))["access_token"] == server.token


@pytest.mark.parametrize("wrong", [{"imp_key": "x"}, {"imp_secret": "x"}])
async def test_wrong_key_pair_gets_the_exact_401(
    server: FakePortOne, wrong: dict[str, str]
) -> None:
    pair = {"imp_key": server.imp_key, "imp_secret": server.imp_secret} | wrong

    assert await get_token(server, json=pair) == (401, REFUSED)
    assert server.token is None


@pytest.mark.parametrize(
    "body",
    [
        {"json": {"imp_key": "x"}},
        {"json": {"imp_secret": "x"}},
        {"data": {"imp_key": "x", "imp_secret": ""}},
        {"data": b"{", "headers": {"Content-Type": "application/json"}},
        {"data": b"\xff", "headers": {"Content-Type": "application/json"}},
        {"json": []},
    ],
)
async def test_missing_key_or_secret_gets_the_exact_400(
    server: FakePortOne, body: dict[str, Any]
) -> None:
    assert await get_token(server, **body) == (400, KEYS_MISSING)


async def test_token_is_accepted_in_three_headers(server: FakePortOne) -> None:
    token = server.issue_token()

    assert await look_up(server, Authorization=f"Bearer {token}") == (404, NOT_FOUND)
    assert await look_up(server, Authorization=token) == (404, NOT_FOUND)
    assert await look_up(server, **{"X-ImpTokenHeader": token}) == (404, NOT_FOUND)


async def test_authorization_wins_over_the_legacy_header(server: FakePortOne) -> None:
    token = server.issue_token()

    right = {"Authorization": token, "X-ImpTokenHeader": "wrong"}
    wrong = {"Authorization": "wrong", "X-ImpTokenHeader": token}
    assert (await look_up(server, **right))[0] == 404
    assert (await look_up(server, **wrong))[0] == 401


async def test_request_without_a_token_gets_401(server: FakePortOne) -> None:
    assert await look_up(server) == (401, UNAUTHORIZED)
    assert await look_up(server, Authorization="") == (401, UNAUTHORIZED)
    server.issue_token()
    assert await look_up(server) == (401, UNAUTHORIZED)
    assert await look_up(server, Authorization="Bearer ") == (401, UNAUTHORIZED)


async def test_server_and_request_reprs_omit_secrets(server: FakePortOne) -> None:
    token = await issued(server)
    await look_up(server, Authorization=token["access_token"])

    printed = repr([server, server.requests])
    assert token["access_token"] not in printed
    assert server.imp_secret not in printed


def test_reprs_of_tokens_and_replies_omit_their_content() -> None:
    tokens = Tokens(Clock(NOW), lifetime=1800)
    token = tokens.issue()
    assert token.value not in repr([token, vars(tokens)])
    assert token.__rich_repr__() == [("expired_at", NOW + 1800)]

    reply = Reply(200, b"hush", {"X-Hush": "hush"})
    assert (repr(reply), reply.__rich_repr__()) == ("Reply(status=200)", [("status", 200)])
