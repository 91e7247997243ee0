"""No error of any method leaks a key, a token or a buyer, for any reply."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Literal

import pytest

from portone_async import (
    Call,
    Failed,
    Payment,
    PortOneClient,
    PortOneError,
    UnexpectedResponseError,
)
from portone_async.reconcile import Order, Verdict, reconcile
from portone_async.testing import (
    Body,
    CutBody,
    FakePortOne,
    Json,
    Status,
    Unauthorized,
)
from portone_async.webhook import parse_webhook, verify_webhook
from tests.conftest import AT_ONCE
from tests.support.canaries import BUYER, KEY, REASONS, SECRET, assert_clean, canary_server
from tests.support.samples import CARD_PAID, NOT_FOUND, ok
from tests.support.ways import both_ways, one_way

pytestmark = both_ways

HISTORY = {
    "cancel_history": [{"amount": 1, "reason": REASONS[0]}],
    "deposit_history": [{"amount": 1, "depositor_name": REASONS[1]}],
}
OTHER = CARD_PAID | BUYER | HISTORY
THEN = datetime(2026, 11, 1, tzinfo=UTC)


@pytest.fixture(name="server")
async def _server(caplog: pytest.LogCaptureFixture) -> AsyncIterator[FakePortOne]:
    caplog.set_level(logging.DEBUG)
    async with canary_server() as server:
        server.add(merchant_uid="order-1", imp_uid="imp_1", **BUYER, **HISTORY)
        yield server


async def walked(pages: Any) -> list[Any]:
    return [each async for each in pages]


async def streamed(stream: Any) -> list[Any]:
    async with stream:
        return [each async for each in stream]


async def failed_of_many(client: PortOneClient) -> None:
    """Raise the error of `find_many`: the one in its result, or its own."""
    (result,) = await streamed(client.payments.find_many(["order-1"]))
    assert_clean(repr(result), str(result))
    assert isinstance(result, Failed)
    raise result.error


async def reconciled(client: PortOneClient) -> None:
    """Raise the error of a run, or the one that a finding contains."""
    findings: list[Any] = []
    order = Order("order-1", Decimal(1000))
    await reconcile(client, [order], on_finding=findings.append)
    assert_clean(repr(findings), *(each.error for each in findings))
    assert [each.verdict for each in findings] == [Verdict.NOT_CHECKED]
    await client.payments.find("order-1")


async def hooked(client: PortOneClient) -> Payment:
    event = parse_webhook(b'{"imp_uid":"imp_1","merchant_uid":"order-1","status":"paid"}')
    return await verify_webhook(client, event, merchant_uid="order-1", amount=1000)


def one(payment: Any) -> Any:
    return payment


def many(payment: Any) -> Any:
    return [payment]


def paged(payment: Any) -> Any:
    return {"total": 1, "previous": 0, "next": 0, "list": [payment]}


Method = Callable[[PortOneClient], Awaitable[object]]
# Each with the shape in which its answer has a payment.
METHODS: dict[str, tuple[Method, Callable[[Any], Any]]] = {
    "find": (lambda client: client.payments.find("order-1", status="paid"), one),
    "find with a slash": (lambda client: client.payments.find("order/1"), many),
    "get": (lambda client: client.payments.get("imp_1"), one),
    "find_all": (lambda client: walked(client.payments.find_all("order-1")), paged),
    "list": (lambda client: walked(client.payments.list("paid", since=THEN)), paged),
    "get_many": (lambda client: streamed(client.payments.get_many(["order-1"])), many),
    "find_many": (failed_of_many, one),
    "verify": (lambda client: client.payments.verify("order-1", amount=1000), one),
    "wait_until_paid": (
        lambda client: client.payments.wait_until_paid("order-1", timeout=0.1),
        one,
    ),
    "verify_webhook": (hooked, one),
    "reconcile": (reconciled, many),
}
FAULTS: dict[str, Callable[[Callable[[Any], Any]], Any]] = {
    "cut": lambda _: CutBody(keep=0.9),
    "cut, and whole for HTTP": lambda shape: Body(ok(shape(OTHER))[:-9]),
    "wrong type": lambda shape: Json(
        {"code": 0, "message": None, "response": shape(OTHER | {"amount": "심어둔이름"})}
    ),
    "wrong type of the buyer": lambda shape: Json(
        {"code": 0, "message": None, "response": shape(OTHER | {"buyer_tel": [OTHER["buyer_tel"]]})}
    ),
    "wrong shape": lambda _: Json(BUYER),
    "text around": lambda shape: Body(b"Notice: " + ok(shape(OTHER)) + b"</html>"),
    "500 with payments": lambda shape: Body(ok(shape(OTHER)), status=500),
    "401": lambda _: Unauthorized(),
    "503": lambda _: Status(503),
    "echoed keys": lambda _: Json(NOT_FOUND | {"message": f"bad {SECRET} {KEY}"}, status=400),
}


# One odd field of one payment does not make a list unreadable.
ANSWERS = {
    ("list", "wrong type of the buyer"),
    ("get_many", "wrong type of the buyer"),
    ("get_many", "wrong type"),
}


@pytest.mark.parametrize(("method", "fault"), sorted(ANSWERS))
async def test_odd_payment_leaks_no_buyer(
    server: FakePortOne, caplog: pytest.LogCaptureFixture, method: str, fault: str
) -> None:
    ask, shape = METHODS[method]
    async with server.client(retry=AT_ONCE, rate_limit=None) as client:
        server.fail(FAULTS[fault](shape), times=None)
        answer = await ask(client)

    records = [repr(vars(each)) for each in caplog.records]
    assert_clean(caplog.text, repr(answer), *records, token=server.token)


@pytest.mark.parametrize(
    ("method", "fault"),
    [(each, fault) for each in METHODS for fault in FAULTS if (each, fault) not in ANSWERS],
)
async def test_errors_of_every_method_leak_nothing(
    server: FakePortOne, caplog: pytest.LogCaptureFixture, method: str, fault: str
) -> None:
    ask, shape = METHODS[method]
    async with server.client(retry=AT_ONCE, rate_limit=None) as client:
        server.fail(FAULTS[fault](shape), times=None)
        with pytest.raises(PortOneError) as caught:
            await ask(client)

    records = [repr(vars(each)) for each in caplog.records]
    assert_clean(caplog.text, *records, error=caught.value, token=server.token)


@pytest.mark.parametrize("shape", [one, many, paged])
async def test_payment_of_another_order_is_rejected_without_its_buyer(
    server: FakePortOne, caplog: pytest.LogCaptureFixture, shape: Callable[[Any], Any]
) -> None:
    for name, (ask, of) in METHODS.items():
        if of is not shape or name in ("list", "get_many", "reconcile"):
            continue  # Those give what was asked for, and leave the rest of a list out.
        async with server.client(retry=AT_ONCE, rate_limit=None) as client:
            server.fail(Body(ok(shape(OTHER))), times=None)
            with pytest.raises(PortOneError) as caught:
                await ask(client)
        server.clear_faults()
        assert_clean(caplog.text, error=caught.value, token=server.token)


async def test_mismatch_reports_only_the_difference(server: FakePortOne) -> None:
    async with server.client(retry=AT_ONCE) as client:
        with pytest.raises(PortOneError, match="amount is 1000, not 1") as caught:
            await client.payments.verify("order-1", amount=1)

    assert_clean(error=caught.value, token=server.token)


@pytest.mark.parametrize("kind", [dict, int, dict[str, int], dict[str, Literal["a"]]])
async def test_custom_data_of_another_type_is_not_quoted(server: FakePortOne, kind: Any) -> None:
    server.update("imp_1", custom_data="[1," if kind is dict else BUYER["custom_data"])
    async with server.client() as client:
        payment = await client.payments.find("order-1")
    with pytest.raises(PortOneError) as caught:
        payment.custom(kind)

    assert_clean(error=caught.value, token=server.token)


@one_way
@pytest.mark.parametrize(
    "sent",
    [
        f'{{"imp_uid":"imp_1","merchant_uid":5,"buyer_name":"{BUYER["buyer_name"]}"}}',
        f'{{"imp_uid":"imp_1","merchant_uid":"m","status":["{BUYER["buyer_name"]}"]}}',
        f'{{"imp_uid":"imp_1","buyer_name":"{BUYER["buyer_name"]}',
        f"imp_uid=imp_1&buyer_name={BUYER['buyer_name']}",
        f"<buyer>{BUYER['buyer_name']}</buyer>",
    ],
    ids=["type", "status", "cut", "form", "page"],
)
def test_invalid_webhook_is_rejected_without_a_quotation(sent: str) -> None:
    with pytest.raises(PortOneError) as caught:
        parse_webhook(sent.encode())

    # What this test and the parser were handed is in their frames; in the error it is not.
    assert_clean(error=caught.value.with_traceback(None))


async def test_secrets_in_the_message_of_a_check_are_redacted(
    server: FakePortOne,
) -> None:
    async with server.client() as client:
        await client.payments.find("order-1")
        token = server.issue_token()  # The same one, as long as it is good.
        call = Call(
            "GET",
            "/payments/{imp_uid}",
            Payment,
            path={"imp_uid": "imp_1"},
            check=lambda _: f"asked with {KEY}, {SECRET} and {token}",
        )
        with pytest.raises(UnexpectedResponseError) as caught:
            await client.call(call)
    assert caught.value.reason == "asked with ***, *** and ***"
    assert_clean(repr(caught.value), repr(caught.value.args), str(caught.value), token=token)
