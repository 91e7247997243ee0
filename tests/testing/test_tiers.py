"""Sub-merchants (Tiers): the state of each, under one key pair and one token."""

from __future__ import annotations

import pytest

from portone_async import ApiError, PaymentNotFoundError, PortOneClient
from portone_async.resources.prepared import PreparedNotFoundError
from portone_async.testing import FakePortOne, Status
from portone_async.testing.sections import Sections
from tests.support.fake_http import fetch_json

SECTIONS = [name for name, value in vars(Sections).items() if isinstance(value, property)]


async def test_tiers_have_their_own_payments_under_one_token(server: FakePortOne) -> None:
    server.add(merchant_uid="o", amount=1)
    server.add(merchant_uid="o", amount=2, tier="A01")
    server.add_many([{"merchant_uid": "o", "amount": 3}], tier="B02")
    async with server.client(tier="A01") as client:
        views = [client, client.with_options(tier="B02"), client.with_options(tier=None)]
        amounts = [(await view.payments.find("o")).amount for view in views]

    assert amounts == [2, 3, 1]
    assert server.count("/users/getToken") == 1


async def test_payment_of_another_tier_is_missing(
    server: FakePortOne, client: PortOneClient
) -> None:
    added = server.add(merchant_uid="o", tier="A01")
    other = client.with_options(tier=server.account_settings.add_tier("B02").tier_code)
    for view in (client, other):
        with pytest.raises(PaymentNotFoundError):
            await view.payments.get(added.imp_uid)
        assert [payment async for payment in view.payments.list("all")] == []
    assert (await client.with_options(tier="A01").payments.get(added.imp_uid)) == added


def test_shortcuts_of_the_server_change_payments_of_a_tier() -> None:
    server = FakePortOne()
    imp_uid = server.add(amount=1, tier="A01").imp_uid
    with pytest.raises(KeyError):
        server.update(imp_uid, amount=2)
    assert server.update(imp_uid, amount=2, tier="A01").amount == 2
    with pytest.raises(KeyError):
        server.remove(imp_uid)
    server.remove(imp_uid, tier="A01")
    assert (len(server.payments), len(server.tier("A01").payments)) == (0, 0)


def test_imp_uid_exists_once_over_all_tiers() -> None:
    server = FakePortOne()
    server.add(imp_uid="imp_1", tier="A01")
    for tier in (None, "A01", "B02"):
        with pytest.raises(ValueError, match="imp_1"):
            server.add(imp_uid="imp_1", tier=tier)
    server.remove("imp_1", tier="A01")
    server.add(imp_uid="imp_1", tier="B02")

    generated = [server.add(tier=tier).imp_uid for tier in (None, "A01", "B02", None)]
    checks = [server.tier(tier).certifications.add().imp_uid for tier in ("A01", "B02")]
    assert len({*generated, *checks}) == 6


async def test_payments_made_by_the_api_differ_over_all_tiers(server: FakePortOne) -> None:
    fields = {"channel_key": "c", "merchant_uid": "o", "amount": 10}
    replies = [
        await fetch_json(server, "/cvs", method="POST", json=fields, headers=headers)
        for headers in ({}, {"Tier": "A01"})
    ]
    imp_uids = [body["response"]["imp_uid"] for _, body in replies]
    assert len({*imp_uids}) == 2
    assert server.tier("A01").payments.get(imp_uids[1]) is not None


async def test_refund_of_a_tier_leaves_the_agency_alone(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(merchant_uid="o", amount=1000)
    imp_uid = server.add(merchant_uid="o", amount=1000, tier="A01").imp_uid
    tier = client.with_options(tier="A01")
    await tier.payments.cancel(imp_uid, amount=400, reason="returned")

    assert server.payments.of_order("o")[0].status == "paid"
    assert server.tier("A01").payments.of_order("o")[0].record["cancel_amount"] == 400


async def test_prepared_amount_and_billing_key_belong_to_a_tier(
    server: FakePortOne, client: PortOneClient
) -> None:
    tier = client.with_options(tier="A01")
    await tier.prepared.create("o", amount=1000)
    server.tier("A01").billing_keys.add(customer_uid="card-1")
    charged = await tier.charges.with_billing_key("card-1", merchant_uid="o", amount=1000, name="x")

    assert server.tier("A01").payments.get(charged.imp_uid) is not None
    assert len(server.billing_keys) == len(server.payments) == 0
    with pytest.raises(PreparedNotFoundError):
        await client.prepared.get("o")


def test_schedule_of_a_tier_runs_by_the_clock_of_the_server() -> None:
    server = FakePortOne()
    for tier in (server, server.tier("A01")):
        tier.billing_keys.add(customer_uid="card-1")
        tier.schedules.add(customer_uid="card-1", merchant_uid="SUB-1")
    server.advance(25 * 60 * 60)

    assert [
        [entry.status for entry in tier.payments.of_order("SUB-1")]
        for tier in (server, server.tier("A01"))
    ] == [["paid"], ["paid"]]


@pytest.mark.parametrize("name", SECTIONS)
def test_every_section_of_a_tier_has_a_state_that_stays(name: str) -> None:
    server = FakePortOne()
    first, second, agency = (
        _attributes(sections, name) for sections in (server.tier("A01"), server.tier("A01"), server)
    )
    assert first == second
    assert first != agency


def _attributes(sections: Sections, name: str) -> list[int]:
    """Return the identities of the objects in a section's state."""
    state: object = getattr(sections, name)
    return [id(value) for value in vars(state).values()]


async def test_unknown_tier_gets_404_that_names_no_payment(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(merchant_uid="o")
    with pytest.raises(ApiError, match="tier_code") as caught:
        await client.with_options(tier="Z99").payments.find("o")
    assert (caught.value.status, type(caught.value)) == (404, ApiError)

    server.tier("Z99")
    with pytest.raises(PaymentNotFoundError):
        await client.with_options(tier="Z99").payments.find("o")


async def test_bad_token_gets_401_whatever_the_tier(server: FakePortOne) -> None:
    headers = {"Authorization": "wrong", "Tier": "Z99"}
    status, _ = await fetch_json(server, "/payments/imp_1", headers=headers)
    assert status == 401


async def test_sub_merchants_are_the_same_seen_from_a_tier(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.tier("A01").account_settings.add_tier("B02", tier_name="부산점")
    for view in (client, client.with_options(tier="A01"), client.with_options(tier="B02")):
        assert (await view.account.tier("B02")).tier_name == "부산점"


async def test_channels_belong_to_a_tier(server: FakePortOne, client: PortOneClient) -> None:
    server.tier("A01").account_settings.add_channel(pg_id="of-A01")
    views = (client, client.with_options(tier="A01"))
    channels = [await view.account.pg_settings() for view in views]

    assert [len(each) for each in channels] == [3, 4]
    assert len({channel.channel_key for each in channels for channel in each}) == 7


async def test_fault_hits_the_requests_of_any_tier(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.add(merchant_uid="o", tier="A01")
    server.fail(Status(503))
    await client.with_options(tier="A01").payments.find("o")
    assert server.count("/payments/find") == 2
