"""Secrets and personal data never leak from errors, logs and tracebacks.

Canaries are planted in every input and searched for in every output.
"""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import traceback
from decimal import Decimal
from typing import Any

import pytest

from portone_async import ApiError, Attempt, Call, Payment, PortOneClient, PortOneError, Timeouts
from portone_async.testing import (
    Body,
    CutBody,
    FakePortOne,
    Hang,
    Json,
    Reset,
    Status,
    Unauthorized,
)
from tests.conftest import AT_ONCE
from tests.support.canaries import (
    BUYER,
    KEY,
    SECRET,
    TOKEN,
    assert_clean,
    canary_server,
    error_texts,
)
from tests.support.samples import CARD_PAID, NOT_FOUND, body, ok
from tests.support.scripted import reply, scripted_client, token_reply
from tests.support.ways import both_ways, one_way

pytestmark = both_ways


@pytest.fixture(name="server")
async def _server(caplog: pytest.LogCaptureFixture) -> Any:
    caplog.set_level(logging.DEBUG)
    async with canary_server() as server:
        server.add(merchant_uid="order-1", **BUYER)
        yield server


PAYMENT = ok(CARD_PAID | {"merchant_uid": "order-1"} | BUYER)
FAULTS: dict[str, Any] = {
    "cut": CutBody(),
    "cut late": CutBody(keep=0.9),
    "hang": Hang(),
    "reset": Reset(),
    "503": Status(503),
    "401": Unauthorized(),
    "someone else's": Json({"code": 0, "message": None, "response": CARD_PAID | BUYER}),
    "wrong type": Json(
        {"code": 0, "message": None, "response": CARD_PAID | BUYER | {"amount": "x"}}
    ),
    "wrong shape": Json(BUYER),
    "a list": Json([BUYER]),
    "text before": Body(b"Notice: " + PAYMENT),
    "text after": Body(PAYMENT + b"<html>"),
    "in html": Body(b"<html><pre>" + PAYMENT),
    "jsonp": Body(b"callback(" + PAYMENT + b")"),
    "bom and cut": Body(b"\xef\xbb\xbf" + PAYMENT[:-40]),
    "cp949": Body(json.dumps(BUYER, ensure_ascii=False).encode("cp949")),
    "500 with a payment": Body(PAYMENT, status=500),
    "echoed keys": Body(f"<html>imp_secret={SECRET} imp_key={KEY}</html>".encode(), status=502),
    "echoed keys in the message": Json(NOT_FOUND | {"message": f"bad {SECRET} {KEY}"}, status=400),
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_errors_of_a_look_up_leak_nothing(
    server: FakePortOne, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    seen: list[Attempt] = []
    async with server.client(
        retry=AT_ONCE, timeouts=Timeouts(total=0.5, attempt=0.1), on_attempt=seen.append
    ) as client:
        server.fail(FAULTS[fault], times=None)
        with pytest.raises(PortOneError) as caught:
            await client.payments.find("order-1", status="paid")
        records = [repr(each.__dict__) for each in caplog.records if each.name == "portone_async"]
        assert records
        assert_clean(
            caplog.text,
            repr(seen),
            repr(client),
            repr(server),
            *records,
            error=caught.value,
            token=server.token,
        )


async def test_frames_of_a_custom_call_hold_no_reply(server: FakePortOne) -> None:
    async with server.client(retry=AT_ONCE) as client:
        call: Call[dict[str, Any]] = Call(
            "GET",
            "/payments/find/{merchant_uid}",
            dict,
            path={"merchant_uid": "order-1"},
            check=lambda answer: "not what was asked" if answer else None,
        )
        with pytest.raises(PortOneError) as caught:
            await client.call(call)

    assert_clean(error=caught.value, token=server.token)


TOKEN_FAULTS: dict[str, Any] = {
    "503": Status(503),
    "400": Status(400),
    "hang": Hang(),
    "reset": Reset(),
    "wrong shape": Json({"access_token": TOKEN}),
    "cut": Body(f'{{"code":0,"response":{{"access_token":"{TOKEN}"'.encode()),
}


@pytest.mark.parametrize("fault", TOKEN_FAULTS)
async def test_errors_of_a_token_fetch_leak_no_key(
    server: FakePortOne, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    server.fail(TOKEN_FAULTS[fault], times=None, on="/users/getToken")
    async with server.client(retry=AT_ONCE, timeouts=Timeouts(total=0.3, attempt=0.1)) as client:
        with pytest.raises(PortOneError) as caught:
            await client.payments.find("order-1")

    assert_clean(caplog.text, error=caught.value, token=server.token)


async def test_rejected_keys_are_not_quoted() -> None:
    async with FakePortOne() as other, PortOneClient(KEY, SECRET, base_url=other.url) as client:
        with pytest.raises(PortOneError) as caught:
            await client.payments.find("order-1")

    assert_clean(error=caught.value)


@one_way
@pytest.mark.parametrize(
    "options", [{"base_url": "http://evil.example"}, {"tier": "a b"}, {"retry": 5}], ids=str
)
def test_constructor_that_rejects_arguments_leaks_no_key(
    options: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTONE_IMP_KEY", KEY)
    monkeypatch.setenv("PORTONE_IMP_SECRET", SECRET)
    with pytest.raises(PortOneError) as caught:
        PortOneClient(KEY, SECRET, **options)
    assert_clean(error=caught.value)
    with pytest.raises(PortOneError) as caught:
        PortOneClient.from_env(**options)
    assert_clean(error=caught.value)


async def test_frames_of_a_cancelled_look_up_hold_no_token(server: FakePortOne) -> None:
    async with server.client() as client:
        await client.payments.find("order-1")
        server.fail(Hang())
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.05):
                await client.payments.find("order-1")
        cause = caught.value.__cause__
        assert cause is not None
        text = "".join(
            traceback.TracebackException.from_exception(cause, capture_locals=True).format()
        )

    assert "aiohttp" in text
    assert_clean(text, token=server.token)


async def test_repr_of_a_payment_hides_the_buyer(server: FakePortOne) -> None:
    async with server.client() as client:
        payment = await client.payments.find("order-1")

    assert payment.buyer_name == BUYER["buyer_name"]
    assert_clean(repr(payment), str(payment), repr(payment.__rich_repr__()), f"{payment}")


async def test_debug_logs_of_asyncio_leak_nothing(
    server: FakePortOne, caplog: pytest.LogCaptureFixture
) -> None:
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = 0.0
    async with server.client() as client:
        await client.payments.find("order-1")

    assert "took" in caplog.text
    assert_clean(caplog.text, token=server.token)


@one_way
def test_payment_survives_pickling() -> None:
    payment = Payment(imp_uid="i", merchant_uid="m", status="paid", amount=Decimal(1))  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # as a test may make it

    assert pickle.loads(pickle.dumps(payment)) == payment


@pytest.mark.parametrize("room", [0, 1, 5, 20, 35])
async def test_secret_at_the_edge_of_an_excerpt_is_redacted_whole(
    server: FakePortOne, room: int
) -> None:
    page = "<html>" + "x" * (194 - room) + SECRET + KEY
    async with server.client(retry=AT_ONCE) as client:
        server.fail(Status(502, page), times=None)
        with pytest.raises(PortOneError) as caught:
            await client.payments.find("order-1")

    assert SECRET[:8] not in str(caught.value)
    assert KEY[:8] not in str(caught.value)


@one_way
async def test_only_words_too_short_for_a_secret_are_quoted() -> None:
    refusal = {"code": -1, "message": "no secret, no tokenAB", "response": None}
    client, _ = scripted_client(
        lambda _: reply(400, body(refusal)), lambda _: token_reply("tokenAB")
    )
    with pytest.raises(ApiError) as caught:
        await client.payments.find("order-1")

    assert caught.value.message == "no secret, no ***"


@one_way
async def test_replaced_token_is_still_redacted() -> None:
    refusal = {"code": -1, "message": "token-1, token-2", "response": None}
    client, _ = scripted_client(
        lambda n: reply(401) if n == 1 else reply(400, body(refusal)),
        lambda n: token_reply(f"token-{n}"),
    )
    with pytest.raises(ApiError) as caught:
        await client.payments.find("order-1")

    assert caught.value.message == "***, ***"


@one_way
def test_frames_hold_no_password_of_a_base_url() -> None:
    with pytest.raises(PortOneError) as caught:
        PortOneClient("k", "s", base_url=PASSWORD_URL[0])

    assert not [text for text in error_texts(caught.value) if "pl4nted" in text]


PASSWORD_URL = ["https://user:pl4nted@api.iamport.kr"]


async def test_frames_of_a_cancelled_call_hold_no_body(server: FakePortOne) -> None:
    async with server.client() as client:
        await client.payments.find("order-1")
        server.fail(Hang())
        call = Call("POST", "/payments/prepare", dict[str, Any], body=BUYER)
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.05):
                await client.call(call)
        cause = caught.value.__cause__
        assert cause is not None
        frames = traceback.TracebackException.from_exception(cause, capture_locals=True).format()
        text = "".join(frames)

    assert "aiohttp" in text
    assert_clean(text, token=server.token)
