"""``client.account``: channels and sub-merchants."""

from __future__ import annotations

from typing import Any

import pytest

from portone_async import (
    InvalidRequestError,
    PortOneClient,
    ServerError,
    UnexpectedResponseError,
)
from portone_async.models.account import PgSetting, Tier
from portone_async.resources.account import TierNotFoundError
from portone_async.testing import FakePortOne, HtmlPage, Json, LostAnswer, Status


def answer(response: Any) -> dict[str, Any]:
    return {"code": 0, "message": None, "response": response}


async def test_channels_have_a_type_and_a_key(server: FakePortOne, client: PortOneClient) -> None:
    added = server.account_settings.add_channel(channel_name="이니시스 결제창", sandbox=False)

    channels = await client.account.pg_settings()

    assert channels[-1] == added
    assert [channel.type for channel in channels] == [
        "payment",
        "api_payment",
        "certification",
        "payment",
    ]
    request = server.requests[-1]
    assert (request.method, request.target, request.body) == ("GET", "/users/pg", b"")


async def test_sample_of_channels_decodes(server: FakePortOne, client: PortOneClient) -> None:
    sample: dict[str, Any] = {
        "channel_key": "channel-key-00000000-0000-4000-8000-000000000001",
        "channel_name": "이니시스 결제창",
        "pg_id": "INIpayTest",
        "pg_provider": "html5_inicis",
        "sandbox": True,
        "type": "payment",
    }
    server.fail(Json(answer([sample, {"pg_provider": "new_pg", "pg_id": 7, "fee": {}}])))

    first, second = await client.account.pg_settings()

    assert first == PgSetting(**sample)
    assert (second.pg_provider, second.pg_id, second.unreadable) == ("new_pg", None, ("pg_id",))
    assert second.raw["fee"] == {}


async def test_tier_has_a_name(server: FakePortOne, client: PortOneClient) -> None:
    server.account_settings.add_tier("B02", tier_name="부산점")

    assert await client.account.tier("B02") == Tier(tier_code="B02", tier_name="부산점")
    assert server.requests[-1].target == "/tiers/B02"


async def test_unknown_tier_is_not_found(server: FakePortOne, client: PortOneClient) -> None:
    with pytest.raises(TierNotFoundError) as caught:
        await client.account.tier("ZZZ")

    assert caught.value.status == 404
    assert caught.value.identifiers == {"tier_code": "ZZZ"}


async def test_404_of_a_gateway_is_not_an_unknown_tier(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(HtmlPage(404))

    with pytest.raises(UnexpectedResponseError):
        await client.account.tier("A01")


async def test_response_about_another_tier_is_rejected(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Json(answer({"tier_code": "B02", "tier_name": None})))

    with pytest.raises(UnexpectedResponseError, match="another tier"):
        await client.account.tier("A01")


@pytest.mark.parametrize("code", ["", "..", "A/1", "A\n1"])
async def test_tier_that_cannot_be_in_a_path_is_not_sent(
    server: FakePortOne, client: PortOneClient, code: str
) -> None:
    with pytest.raises(InvalidRequestError):
        await client.account.tier(code)

    assert not server.requests


async def test_lost_answers_are_read_again(server: FakePortOne, client: PortOneClient) -> None:
    server.fail(LostAnswer(), Status(503), on="/users/pg")
    server.fail(LostAnswer(), Status(503), on="/tiers")

    assert len(await client.account.pg_settings()) == 3
    assert (await client.account.tier("A01")).tier_code == "A01"
    assert (server.count("/users/pg"), server.count("/tiers")) == (3, 3)


async def test_outage_is_a_transient_error(server: FakePortOne, client: PortOneClient) -> None:
    server.fail(Status(503), times=None)

    with pytest.raises(ServerError) as caught:
        await client.account.pg_settings()

    assert caught.value.is_transient
