"""POST /users/getToken of the fake, and what its tokens open."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from portone_async.testing import FakePortOne, Reply

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
    # Time stands still, but for advance().
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


async def test_a_token_is_40_hex_digits_and_lives_30_minutes(server: FakePortOne) -> None:
    token = await issued(server)

    assert set(token) == {"access_token", "expired_at", "now"}
    assert len(bytes.fromhex(token["access_token"])) == 20
    assert token["now"] == NOW
    assert token["expired_at"] == NOW + 1800
    assert server.token == token["access_token"]


async def test_the_key_pair_may_come_as_a_form(server: FakePortOne) -> None:
    form = {"imp_key": server.imp_key, "imp_secret": server.imp_secret}
    status, body = await get_token(server, data=form)

    assert (status, body["response"]["access_token"]) == (200, server.token)


async def test_asking_again_returns_the_same_token_with_the_same_expiry(
    server: FakePortOne,
) -> None:
    first = await issued(server)
    server.advance(1800 - 60)
    again = await issued(server)

    assert again["access_token"] == first["access_token"]
    assert again["expired_at"] == first["expired_at"]
    assert again["now"] == first["now"] + 1800 - 60


async def test_a_token_in_its_last_minute_is_extended_by_five_minutes(server: FakePortOne) -> None:
    first = await issued(server)
    server.advance(1800 - 59)
    again = await issued(server)

    assert again["access_token"] == first["access_token"]
    assert again["expired_at"] == first["expired_at"] + 300


async def test_after_its_time_a_token_is_refused_and_a_new_one_issued(server: FakePortOne) -> None:
    first = await issued(server)
    server.advance(1799)
    assert await look_up(server, Authorization=first["access_token"]) == (404, NOT_FOUND)
    server.advance(1)

    assert server.token is None
    assert await look_up(server, Authorization=first["access_token"]) == (401, UNAUTHORIZED)
    assert (await issued(server))["access_token"] != first["access_token"]


async def test_the_lifetime_may_be_chosen() -> None:
    async with FakePortOne(now=NOW, token_lifetime=90.0) as server:
        token = await issued(server)
        assert token["expired_at"] - token["now"] == 90


@pytest.mark.parametrize("end", [FakePortOne.expire_token, FakePortOne.revoke_token])
async def test_a_token_can_be_ended_before_its_time(server: FakePortOne, end: Any) -> None:
    first = await issued(server)
    end(server)

    assert server.token is None
    assert await look_up(server, Authorization=first["access_token"]) == (401, UNAUTHORIZED)
    second = await issued(server)
    assert second["access_token"] != first["access_token"]
    assert await look_up(server, Authorization=first["access_token"]) == (401, UNAUTHORIZED)
    assert await look_up(server, Authorization=second["access_token"]) == (404, NOT_FOUND)


@pytest.mark.parametrize("end", [FakePortOne.expire_token, FakePortOne.revoke_token])
async def test_ending_a_token_that_is_not_there_is_no_error(server: FakePortOne, end: Any) -> None:
    end(server)
    assert server.token is None


async def test_issue_token_is_what_get_token_answers(server: FakePortOne) -> None:
    assert server.issue_token() == (await issued(server))["access_token"] == server.token


@pytest.mark.parametrize("wrong", [{"imp_key": "x"}, {"imp_secret": "x"}])
async def test_a_wrong_key_pair_gets_the_exact_401(
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
async def test_a_missing_parameter_gets_the_exact_400(
    server: FakePortOne, body: dict[str, Any]
) -> None:
    assert await get_token(server, **body) == (400, KEYS_MISSING)


async def test_all_three_header_forms_open_the_api(server: FakePortOne) -> None:
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


async def test_without_a_token_nothing_opens(server: FakePortOne) -> None:
    assert await look_up(server) == (401, UNAUTHORIZED)
    assert await look_up(server, Authorization="") == (401, UNAUTHORIZED)
    server.issue_token()
    assert await look_up(server) == (401, UNAUTHORIZED)
    assert await look_up(server, Authorization="Bearer ") == (401, UNAUTHORIZED)


async def test_no_repr_shows_a_token_or_a_secret(server: FakePortOne) -> None:
    token = await issued(server)
    await look_up(server, Authorization=token["access_token"])

    shown = repr(
        [server, server.requests, server._account.tokens.current, vars(server._account.tokens)]
    )
    assert token["access_token"] not in shown
    assert server.imp_secret not in shown
    answer = Reply(200, b"hush", {"X-Hush": "hush"})
    assert (repr(answer), answer.__rich_repr__()) == ("Reply(status=200)", [("status", 200)])
    current = server._account.tokens.current
    assert current is not None
    assert current.__rich_repr__() == [("expired_at", NOW + 1800)]
