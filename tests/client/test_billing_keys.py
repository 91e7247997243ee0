"""``client.billing_keys``: stored cards, against the fake."""

from __future__ import annotations

import asyncio
import pickle
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest

from portone_async import (
    ApiError,
    InvalidRequestError,
    NotFoundError,
    OutcomeUnknownError,
    PortOneClient,
    PortOneError,
    UnexpectedResponseError,
)
from portone_async.models.billing_keys import BillingKey, BillingKeyGroup
from portone_async.resources.billing_keys import (
    BillingKeyExistsError,
    BillingKeyNotFoundError,
    ChannelsFailedError,
)
from portone_async.testing import (
    CutBody,
    Delay,
    Exchange,
    FakePortOne,
    HtmlPage,
    Json,
    LateProcessing,
    LostAnswer,
    Reply,
    Reset,
    Unauthorized,
)
from portone_async.testing.endpoints.billing_keys import BillingKeys
from tests.support.changing import FaultsOfChanges
from tests.support.sample_bodies import SAMPLES

KEYS = "/subscribe/customers"
CARD: dict[str, Any] = {"card_number": "1234-5678-9012-3456", "expiry": "2031-12"}
OTHER_CARD: dict[str, Any] = {"card_number": "9876-5432-1098-1111", "expiry": "2031-12"}
LOST = [LostAnswer(), CutBody(), LateProcessing(0), HtmlPage(200)]


def issued(server: FakePortOne) -> int:
    return server.count(KEYS, "POST")


def deleted(server: FakePortOne) -> int:
    return server.count(KEYS, "DELETE")


async def issue(client: PortOneClient, **fields: Any) -> BillingKey:
    given: dict[str, Any] = CARD | {"settle": 0} | fields
    return await client.billing_keys.issue("key-1", **given)


class IssuedByAnother:
    """Lets another process issue the key, then loses the request before it is processed."""

    def __init__(self, card: dict[str, str]) -> None:
        self._card = card

    async def meet(self, exchange: Exchange) -> Reply | None:
        keys = exchange.account.state(BillingKeys)
        exchange.account.clock.advance(5)
        keys.issue("key-1", self._card)
        exchange.reset()
        return None


# Issue


async def test_issue_sends_the_card_and_returns_the_key(
    server: FakePortOne, client: PortOneClient
) -> None:
    key = await issue(
        client,
        birth="880808",
        pwd_2digit="12",
        cvc="123",
        channel_key="channel-key-1",
        pg="kcp.MID1",
        customer_id="buyer-1",
        customer_name="홍길동",
        customer_tel="010-0000-0000",
        customer_email="buyer@example.com",
        customer_addr="서울",
        customer_postcode="06234",
        extra_body={"new": 1},
    )

    look, request = server.requests[-2:]
    assert (look.method, look.path) == ("GET", f"{KEYS}/key-1")
    assert (request.method, request.path, request.query) == ("POST", f"{KEYS}/key-1", ())
    assert request.fields == CARD | {
        "birth": "880808",
        "pwd_2digit": "12",
        "cvc": "123",
        "channel_key": "channel-key-1",
        "pg": "kcp.MID1",
        "customer_id": "buyer-1",
        "customer_name": "홍길동",
        "customer_tel": "010-0000-0000",
        "customer_email": "buyer@example.com",
        "customer_addr": "서울",
        "customer_postcode": "06234",
        "new": 1,
    }
    assert (key.customer_uid, key.card_number) == ("key-1", "123456******3456")
    assert (key.pg_provider, key.pg_id, key.customer_name) == ("kcp", "MID1", "홍길동")
    assert not key.was_replaced
    assert not key.is_super


async def test_issue_omits_parameters_without_a_value(
    server: FakePortOne, client: PortOneClient
) -> None:
    await issue(client)

    assert server.requests[-1].fields == CARD


async def test_issue_replaces_a_key(server: FakePortOne, client: PortOneClient) -> None:
    await issue(client)
    server.advance(60)

    key = await issue(client, **OTHER_CARD)

    assert key.was_replaced
    assert key.card_number == "987654******1111"


async def test_only_new_refuses_to_replace_a_key(
    server: FakePortOne, client: PortOneClient
) -> None:
    first = await issue(client, only_new=True)

    with pytest.raises(BillingKeyExistsError) as caught:
        await issue(client, only_new=True, **OTHER_CARD)

    assert caught.value.key == first
    assert caught.value.identifiers == {"customer_uid": "key-1"}
    assert issued(server) == 1


async def test_only_new_issues_one_key_for_two_tasks(
    server: FakePortOne, client: PortOneClient
) -> None:
    # The second task would look while the first one waits.
    server.fail(FaultsOfChanges(Delay(0.2)), on=KEYS, times=2)

    results = await asyncio.gather(
        issue(client, only_new=True), issue(client, only_new=True), return_exceptions=True
    )

    assert sorted(type(result).__name__ for result in results) == [
        "BillingKey",
        "BillingKeyExistsError",
    ]
    assert issued(server) == 1


@pytest.mark.parametrize("answer", ["billing_key_issue_rejected_minus1"])
async def test_refused_card_is_an_api_error(
    server: FakePortOne, client: PortOneClient, answer: str
) -> None:
    server.billing_keys.reject_card(CARD["card_number"])

    with pytest.raises(ApiError) as caught:
        await issue(client)

    assert caught.value.message == SAMPLES[answer].body["message"]
    assert not isinstance(caught.value, NotFoundError)
    assert issued(server) == 1


@pytest.mark.parametrize("fault", LOST, ids=lambda fault: type(fault).__name__)
@pytest.mark.parametrize("only_new", [False, True])
async def test_key_of_a_lost_answer_is_looked_up(
    server: FakePortOne, client: PortOneClient, fault: Any, only_new: bool
) -> None:
    server.fail(FaultsOfChanges(fault), on=KEYS, times=2)

    if isinstance(fault, HtmlPage):
        with pytest.raises(OutcomeUnknownError):
            await issue(client, only_new=only_new)
    else:
        assert (await issue(client, only_new=only_new)).card_number == "123456******3456"
    assert issued(server) == 1


async def test_replaced_key_of_a_lost_answer_is_recognized_by_its_time(
    server: FakePortOne, client: PortOneClient
) -> None:
    await issue(client)
    server.advance(60)
    server.fail(FaultsOfChanges(LostAnswer()), on=KEYS, times=2)

    key = await issue(client, **OTHER_CARD)

    assert key.was_replaced
    assert issued(server) == 2


async def test_lost_request_ends_unknown_and_is_not_sent_again(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(FaultsOfChanges(Reset()), on=KEYS, times=2)

    with pytest.raises(OutcomeUnknownError) as caught:
        await issue(client)

    assert issued(server) == 1
    assert not caught.value.is_transient
    assert len(caught.value.evidence) == 2


async def test_earlier_key_is_not_taken_for_the_new_one(
    server: FakePortOne, client: PortOneClient
) -> None:
    await issue(client)
    server.advance(60)
    server.fail(FaultsOfChanges(Reset()), on=KEYS, times=2)

    with pytest.raises(OutcomeUnknownError):
        await issue(client)

    assert issued(server) == 2


async def test_key_of_another_card_is_not_taken_for_the_new_one(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(FaultsOfChanges(IssuedByAnother(OTHER_CARD)), on=KEYS, times=2)

    with pytest.raises(OutcomeUnknownError):
        await issue(client)


async def test_key_without_times_is_recognized_by_its_card(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.billing_keys.add(customer_uid="key-1", inserted=0, updated=0)
    before = SAMPLES["billing_key_legacy_ok"].body
    legacy = before["response"] | {"customer_uid": "key-1", "updated": 0, "inserted": 0}
    after = legacy | {"card_number": "1234-56**-****-3456"}
    server.fail(
        Json(before | {"response": legacy}),
        Reset(),
        Json(before | {"response": after}),
        on=KEYS,
    )

    assert (await issue(client)).card_number == "1234-56**-****-3456"


async def test_401_of_an_issue_is_repeated_once(server: FakePortOne, client: PortOneClient) -> None:
    server.fail(FaultsOfChanges(Unauthorized()), on=KEYS, times=2)

    await issue(client)

    assert issued(server) == 2


async def test_failed_look_before_the_issue_sends_nothing(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Json({"code": -1, "message": "점검 중", "response": None}), on=KEYS)

    with pytest.raises(ApiError):
        await issue(client)

    assert issued(server) == 0


async def test_super_key_names_the_channels_that_refused(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.billing_keys.add_group("group-1", "nice_v2.mid-1", failing={"kcp.mid-2": "[F112]오류"})

    key = await issue(client, channel_group_id="group-1")

    assert server.requests[-1].fields["channel_group_id"] == "group-1"
    assert key.is_super
    assert key.channel_group_id == "group-1"
    assert [channel.pg_id for channel in key.succeeded_channels] == ["mid-1"]
    assert [(each.pg_provider, each.message) for each in key.failed_channels] == [
        ("kcp", "[F112]오류")
    ]
    assert "kcp" in repr(key)
    assert "F112" not in repr(key)


async def test_super_key_without_any_channel_is_an_error(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.billing_keys.add_group("group-1", failing={"kcp.mid-2": "[F112]오류"})

    with pytest.raises(ChannelsFailedError) as caught:
        await issue(client, channel_group_id="group-1")

    assert caught.value.key is not None
    assert len(caught.value.key.failed_channels) == 1
    assert pickle.loads(pickle.dumps(caught.value)).key == caught.value.key


async def test_super_key_of_a_lost_answer_is_looked_up(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.billing_keys.add_group("group-1", "nice_v2.mid-1")
    await issue(client, channel_group_id="group-1")
    server.advance(60)
    server.fail(FaultsOfChanges(LostAnswer()), on=KEYS, times=2)

    key = await issue(client, channel_group_id="group-1", **OTHER_CARD)

    assert key.succeeded_channels[0].card_number == "987654******1111"


@pytest.mark.parametrize(
    ("customer_uid", "options"),
    [
        ("a/b", {}),
        ("..", {}),
        ("", {}),
        ("key-1", {"settle": -1}),
        ("key-1", {"extra_body": {"card_number": "1"}}),
        ("key-1", {"extra_body": {"new": 1.5}}),
    ],
)
async def test_key_that_cannot_be_issued_is_not_looked_up(
    server: FakePortOne, client: PortOneClient, customer_uid: str, options: dict[str, Any]
) -> None:
    with pytest.raises(InvalidRequestError):
        await client.billing_keys.issue(customer_uid, **(CARD | options))

    assert server.count("/subscribe") == 0


# Get


async def test_key_is_found(server: FakePortOne, client: PortOneClient) -> None:
    added = server.billing_keys.add(customer_uid="key-1", customer_name="홍길동", new_field=[1])

    key = await client.billing_keys.get("key-1")

    assert key == added
    assert key.raw["new_field"] == [1]
    assert (key.inserted, key.unreadable) == (added.inserted, ())
    assert "홍길동" not in repr(key)
    assert "7890" not in repr(key)


@pytest.mark.parametrize("sample", ["billing_key_missing_code1", "billing_key_missing_404"])
@pytest.mark.parametrize("method", ["get", "delete"])
async def test_missing_key_is_not_found(
    server: FakePortOne, client: PortOneClient, sample: str, method: str
) -> None:
    server.fail(Json(SAMPLES[sample].body, status=SAMPLES[sample].status), on=KEYS)

    with pytest.raises(BillingKeyNotFoundError) as caught:
        await getattr(client.billing_keys, method)("member-9999")

    assert caught.value.identifiers == {"customer_uid": "member-9999"}
    assert deleted(server) == 0


@pytest.mark.parametrize(
    "fault",
    [HtmlPage(404), Json({"code": -1, "message": "권한 없음", "response": None})],
    ids=["a page", "another refusal"],
)
async def test_other_failure_is_not_a_missing_key(
    server: FakePortOne, client: PortOneClient, fault: Any
) -> None:
    server.fail(fault, on=KEYS)

    with pytest.raises(PortOneError) as caught:
        await client.billing_keys.get("key-1")

    assert not isinstance(caught.value, NotFoundError)


async def test_key_of_another_name_is_rejected(server: FakePortOne, client: PortOneClient) -> None:
    server.fail(Json(SAMPLES["billing_key_get_ok"].body), on=KEYS)

    with pytest.raises(UnexpectedResponseError, match="another customer_uid"):
        await client.billing_keys.get("key-1")


async def test_odd_fields_are_unreadable_and_the_key_is_not(
    server: FakePortOne, client: PortOneClient
) -> None:
    odd: dict[str, Any] = {
        "customer_uid": "key-1",
        "card_type": {},
        "inserted": "1772330000",
        "succeededChannels": [{"pg_id": "mid-1", "card_type": []}],
        "failedChannels": None,
        "channelGroupId": 7,
    }
    server.fail(Json({"code": 0, "message": None, "response": odd}), on=KEYS)

    key = await client.billing_keys.get("key-1")

    assert key.inserted == datetime.fromtimestamp(1772330000, UTC)
    assert set(key.unreadable) == {
        "card_type",
        "channelGroupId",
        "succeededChannels[0].card_type",
    }
    assert [channel.pg_id for channel in key.succeeded_channels] == ["mid-1"]
    assert key.failed_channels == ()


async def test_key_with_a_slash_is_read_by_the_list(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.billing_keys.add(customer_uid="a/b")

    assert (await client.billing_keys.get("a/b")).customer_uid == "a/b"
    assert server.requests[-1].query == (("customer_uid[]", "a/b"),)
    with pytest.raises(BillingKeyNotFoundError):
        await client.billing_keys.get("a/c")


@pytest.mark.parametrize(
    "response", [[], [{"customer_uid": 7}], [{"customer_uid": "another"}]], ids=str
)
async def test_unlisted_key_with_a_slash_is_not_known_to_be_missing(
    server: FakePortOne, client: PortOneClient, response: Any
) -> None:
    server.fail(Json({"code": 0, "message": None, "response": response}, status=207), on=KEYS)

    with pytest.raises(UnexpectedResponseError) as caught:
        await client.billing_keys.get("a/b")

    assert caught.value.identifiers == {"customer_uid": "a/b"}


# Get many


async def groups_of(client: PortOneClient, names: list[str]) -> list[BillingKeyGroup]:
    async with client.billing_keys.get_many(names) as stream:
        return [group async for group in stream]


async def test_keys_come_in_the_order_of_the_names(
    server: FakePortOne, client: PortOneClient
) -> None:
    for name in ("a", "b/1"):
        server.billing_keys.add(customer_uid=name)

    groups = await groups_of(client, ["b/1", "missing", "a", "a"])

    assert [group.customer_uid for group in groups] == ["b/1", "missing", "a", "a"]
    assert [group.is_missing for group in groups] == [False, True, False, False]
    assert groups[0].key is not None
    assert groups[0].key.customer_uid == "b/1"
    assert server.count(KEYS) == 1


async def test_no_known_key_is_not_an_error(server: FakePortOne, client: PortOneClient) -> None:
    assert [group.is_missing for group in await groups_of(client, ["x", "y"])] == [True, True]
    assert await groups_of(client, []) == []


async def test_a_hundred_keys_are_one_request(server: FakePortOne, client: PortOneClient) -> None:
    names = [f"key-{number}" for number in range(201)]
    server.billing_keys.add(customer_uid="key-200")

    groups = await groups_of(client, names)

    assert [group.customer_uid for group in groups if group.key] == ["key-200"]
    assert server.count(KEYS) == 3


async def test_plain_and_super_keys_come_together(
    server: FakePortOne, client: PortOneClient
) -> None:
    plain = SAMPLES["billing_key_get_ok"].body["response"]
    several = SAMPLES["super_billing_key_partial"].body["response"]
    body = {"code": -1, "message": None, "response": [several, plain, {"customer_uid": 7}]}
    server.fail(Json(body, status=207), on=KEYS)

    groups = await groups_of(client, [plain["customer_uid"], several["customer_uid"], "other"])

    keys = [group.key for group in groups]
    assert [key and key.is_super for key in keys] == [False, True, None]
    # The unreadable one may be any of them.
    assert [len(group.unreadable) for group in groups] == [1, 1, 1]
    assert not groups[2].is_missing


# Delete


async def test_deleted_key_is_returned(server: FakePortOne, client: PortOneClient) -> None:
    added = server.billing_keys.add(customer_uid="key-1")

    key = await client.billing_keys.delete("key-1", reason="탈퇴", requester="buyer")

    assert key == added
    request = server.requests[-1]
    assert (request.method, request.path) == ("DELETE", f"{KEYS}/key-1")
    assert request.query == (("reason", "탈퇴"), ("extra[requester]", "buyer"))
    assert request.body == b""
    assert "key-1" not in server.billing_keys


async def test_deletion_omits_parameters_without_a_value(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.billing_keys.add(customer_uid="key-1")

    await client.billing_keys.delete("key-1")

    assert server.requests[-1].target == f"{KEYS}/key-1"


async def test_deletion_whose_answer_is_lost_is_sent_once(
    server: FakePortOne, client: PortOneClient
) -> None:
    added = server.billing_keys.add(customer_uid="key-1")
    server.fail(FaultsOfChanges(LostAnswer()), on=KEYS, times=2)

    assert await client.billing_keys.delete("key-1", settle=0) == added
    assert deleted(server) == 1


async def test_deletion_that_was_not_processed_is_sent_again(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.billing_keys.add(customer_uid="key-1")
    server.fail(FaultsOfChanges(Reset()), on=KEYS, times=2)

    await client.billing_keys.delete("key-1", settle=0)

    assert deleted(server) == 2
    assert "key-1" not in server.billing_keys


class Reissued:
    """Processes the request or not, lets another process issue the key, and loses the answer."""

    def __init__(self, *, is_processed: bool) -> None:
        self._is_processed = is_processed

    async def meet(self, exchange: Exchange) -> Reply | None:
        if self._is_processed:
            exchange.reply()
        exchange.account.clock.advance(5)
        exchange.account.state(BillingKeys).issue("key-1", OTHER_CARD)
        exchange.reset()
        return None


async def test_key_that_was_issued_after_the_deletion_stays(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.billing_keys.add(customer_uid="key-1")
    server.fail(FaultsOfChanges(Reissued(is_processed=True)), on=KEYS, times=2)

    await client.billing_keys.delete("key-1", settle=0)

    assert deleted(server) == 1
    assert "key-1" in server.billing_keys


async def test_key_that_was_replaced_meanwhile_stays(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.billing_keys.add(customer_uid="key-1")
    server.fail(FaultsOfChanges(Reissued(is_processed=False)), on=KEYS, times=2)

    with pytest.raises(OutcomeUnknownError, match="replaced"):
        await client.billing_keys.delete("key-1", settle=0)

    assert deleted(server) == 1
    assert "key-1" in server.billing_keys


async def test_deletion_of_a_missing_key_sends_nothing(
    server: FakePortOne, client: PortOneClient
) -> None:
    with pytest.raises(BillingKeyNotFoundError):
        await client.billing_keys.delete("key-1")
    with pytest.raises(InvalidRequestError, match="slash"):
        await client.billing_keys.delete("a/b")

    assert deleted(server) == 0


# Payments


async def test_payments_of_a_key_are_read_page_by_page(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.billing_keys.add(customer_uid="key-1")
    for number in range(41):
        server.add(customer_uid="key-1", merchant_uid=f"order-{number}", amount=number + 1)
    server.add(customer_uid="key-2")

    payments = [payment async for payment in client.billing_keys.payments("key-1")]

    assert len({payment.imp_uid for payment in payments}) == len(payments) == 41
    assert sum(payment.amount for payment in payments) == Decimal(41 * 42 // 2)
    pages = [request.query for request in server.requests if request.path.endswith("/payments")]
    assert pages == [(("page", "1"),), (("page", "2"),), (("page", "3"),)]


async def test_payments_of_a_missing_key_are_not_found(
    server: FakePortOne, client: PortOneClient
) -> None:
    with pytest.raises(BillingKeyNotFoundError):
        await anext(aiter(client.billing_keys.payments("key-1")))
    with pytest.raises(InvalidRequestError):
        client.billing_keys.payments("a/b")


async def test_payment_of_another_key_is_rejected(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Json(SAMPLES["customer_payments_page"].body), on=KEYS)

    with pytest.raises(UnexpectedResponseError, match="another customer_uid"):
        await anext(aiter(client.billing_keys.payments("key-1")))
