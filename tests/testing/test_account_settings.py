"""Channels and sub-merchants."""

from __future__ import annotations

from portone_async.testing import FakePortOne, Status
from tests.support.fake_http import fetch, fetch_json


async def test_account_has_one_channel_of_each_type(server: FakePortOne) -> None:
    status, body = await fetch_json(server, "/users/pg")

    assert status == 200
    assert [channel["type"] for channel in body["response"]] == [
        "payment",
        "api_payment",
        "certification",
    ]
    assert set(body["response"][0]) == {
        "channel_key",
        "channel_name",
        "pg_id",
        "pg_provider",
        "sandbox",
        "type",
    }


async def test_unknown_tier_gets_404_in_an_envelope(server: FakePortOne) -> None:
    server.account_settings.add_tier("B02", tier_name="부산점")

    status, body = await fetch_json(server, "/tiers/B02")
    missing_status, missing = await fetch_json(server, "/tiers/B03")

    assert (status, body["response"]) == (200, {"tier_code": "B02", "tier_name": "부산점"})
    assert (missing_status, missing["code"], missing["response"]) == (404, -1, None)


async def test_faults_hit_the_channels_but_not_the_token(server: FakePortOne) -> None:
    server.fail(Status(503))
    token = {"imp_key": server.imp_key, "imp_secret": server.imp_secret}

    assert (await fetch(server, "/users/getToken", method="POST", json=token))[0] == 200
    assert (await fetch(server, "/users/pg"))[0] == 503
