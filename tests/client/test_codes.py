"""``client.codes``: card companies and banks by standard code."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

import pytest

from portone_async import (
    ApiError,
    InvalidRequestError,
    PortOneClient,
    UnexpectedResponseError,
)
from portone_async.models.codes import StandardCode
from portone_async.resources.codes import CodeNotFoundError
from portone_async.testing import FakePortOne, HtmlPage, Json, Status

Lookup: TypeAlias = Callable[[PortOneClient, str], Awaitable[StandardCode]]


def card(client: PortOneClient, code: str) -> Awaitable[StandardCode]:
    return client.codes.card(code)


def bank(client: PortOneClient, code: str) -> Awaitable[StandardCode]:
    return client.codes.bank(code)


BOTH = pytest.mark.parametrize("lookup", [card, bank])


def answer(response: Any, *, code: int = 0, message: str | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "response": response}


async def test_card_and_bank_have_a_code_and_a_name(
    server: FakePortOne, client: PortOneClient
) -> None:
    assert await client.codes.card("361") == StandardCode(code="361", name="BC카드")
    assert await client.codes.bank("004") == StandardCode(code="004", name="국민은행")
    assert server.requests[-2].path == "/cards/361"
    assert server.requests[-1].path == "/banks/004"


async def test_cards_and_banks_are_listed(server: FakePortOne, client: PortOneClient) -> None:
    cards, banks = await client.codes.cards(), await client.codes.banks()

    assert StandardCode(code="366", name="신한카드") in cards
    assert StandardCode(code="088", name="신한은행") in banks
    assert [request.path for request in server.requests[-2:]] == ["/cards", "/banks"]


async def test_each_entry_of_a_list_has_its_raw_object(
    server: FakePortOne, client: PortOneClient
) -> None:
    entries = [{"code": "004", "name": "KB국민은행", "new": 1}, {"code": "088", "name": "신한은행"}]
    server.fail(Json(answer(entries)))

    banks = await client.codes.banks()

    assert [entry.raw for entry in banks] == entries


@BOTH
async def test_unknown_code_is_not_found(
    server: FakePortOne, client: PortOneClient, lookup: Lookup
) -> None:
    with pytest.raises(CodeNotFoundError) as caught:
        await lookup(client, "999")

    assert caught.value.status == 404
    assert list(caught.value.identifiers.values()) == ["999"]
    assert "leading zeros" in str(caught.value)


@BOTH
async def test_404_of_a_gateway_is_not_an_unknown_code(
    server: FakePortOne, client: PortOneClient, lookup: Lookup
) -> None:
    server.fail(HtmlPage(404))

    with pytest.raises(UnexpectedResponseError):
        await lookup(client, "004")


@BOTH
async def test_other_failure_that_portone_reports_is_an_api_error(
    server: FakePortOne, client: PortOneClient, lookup: Lookup
) -> None:
    server.fail(Json(answer(None, code=-1, message="점검 중입니다.")))

    with pytest.raises(ApiError) as caught:
        await lookup(client, "004")

    assert not isinstance(caught.value, CodeNotFoundError)
    assert (caught.value.code, caught.value.message) == (-1, "점검 중입니다.")


@BOTH
async def test_response_about_another_code_is_rejected(
    server: FakePortOne, client: PortOneClient, lookup: Lookup
) -> None:
    server.fail(Json(answer({"code": "088", "name": "신한은행"})))

    with pytest.raises(UnexpectedResponseError, match="another code"):
        await lookup(client, "004")


@BOTH
async def test_transient_failure_is_retried(
    server: FakePortOne, client: PortOneClient, lookup: Lookup
) -> None:
    await client.codes.cards()  # The token is there.
    server.fail(Status(503), times=2)

    with pytest.raises(CodeNotFoundError) as caught:
        await lookup(client, "999")

    assert [attempt.status for attempt in caught.value.attempts] == [503, 503, 404]


@BOTH
@pytest.mark.parametrize("code", ["", "..", "0\n04"])
async def test_code_that_cannot_be_in_a_path_is_not_sent(
    server: FakePortOne, client: PortOneClient, lookup: Lookup, code: str
) -> None:
    with pytest.raises(InvalidRequestError):
        await lookup(client, code)

    assert not server.requests


@BOTH
async def test_code_with_a_slash_stays_one_path_segment(
    server: FakePortOne, client: PortOneClient, lookup: Lookup
) -> None:
    # The fake, as a server would, has no route for it.
    with pytest.raises(UnexpectedResponseError):
        await lookup(client, "../004")

    assert server.requests[-1].target.endswith("/..%2F004")
