"""``client.payments.cancel`` and ``cancel_all``: refunds that are made once."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from portone_async import (
    Payment,
    PortOneClient,
)
from portone_async.resources import _settle
from portone_async.testing import (
    CutBody,
    FakePortOne,
    HtmlPage,
    LateProcessing,
    LostAnswer,
    Reset,
    Status,
)

URL = "/payments/cancel"


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look up without pauses; test_refund_settling tests them in virtual time."""
    monkeypatch.setattr(_settle, "_PAUSES", ())
    monkeypatch.setattr(_settle, "_LAST_PAUSE", 0.0)


@pytest.fixture(name="payment")
def _payment(server: FakePortOne) -> Payment:
    return server.add(imp_uid="imp_1", amount=15000)


def sent(server: FakePortOne) -> list[dict[str, Any]]:
    """Return the bodies of all refunds that were sent."""
    return [request.fields for request in server.requests if request.path == URL]


def history(server: FakePortOne) -> list[tuple[Decimal, str]]:
    """Return amount and reason of the refunds at the server."""
    entry = server.payments.get("imp_1")
    assert entry is not None
    record = entry.record
    return [(each["amount"], each["reason"]) for each in record.get("cancel_history") or ()]


# The request


@pytest.mark.usefixtures("payment")
async def test_cancel_sends_amount_checksum_and_reason(
    server: FakePortOne, client: PortOneClient
) -> None:
    payment = await client.payments.cancel("imp_1", amount=1000, reason="품절")

    assert (int(payment.cancel_amount), int(payment.balance)) == (1000, 14000)
    (entry,) = payment.cancel_history
    assert (entry.amount, entry.reason) == (Decimal(1000), "품절")
    look, act = server.requests[-2:]
    assert (look.method, look.target) == ("GET", "/payments/imp_1?include_sandbox=true")
    assert (act.method, act.target) == ("POST", URL)
    assert act.body.decode() == '{"imp_uid":"imp_1","amount":1000,"checksum":15000,"reason":"품절"}'


@pytest.mark.usefixtures("payment")
async def test_cancel_all_sends_the_whole_balance(
    server: FakePortOne, client: PortOneClient
) -> None:
    await client.payments.cancel("imp_1", amount=1000, reason="r")
    payment = await client.payments.cancel_all("imp_1", reason="s")

    assert payment.balance == 0
    assert sent(server)[-1] == {
        "imp_uid": "imp_1",
        "amount": 14000,
        "checksum": 14000,
        "reason": "s",
    }


@pytest.mark.parametrize(
    "fault", [LostAnswer(), CutBody(), LateProcessing(0), LateProcessing(0, HtmlPage())]
)
@pytest.mark.usefixtures("payment")
async def test_refund_whose_answer_is_lost_is_found_by_look_up(
    server: FakePortOne, client: PortOneClient, fault: Any
) -> None:
    server.fail(fault, on=URL)
    payment = await client.payments.cancel("imp_1", amount=1000, reason="r")

    assert payment.cancel_amount == 1000
    assert len(sent(server)) == 1


@pytest.mark.parametrize("fault", [Status(503), Status(502), HtmlPage(), HtmlPage(500), Reset()])
@pytest.mark.usefixtures("payment")
async def test_refund_without_a_trace_is_sent_again_unchanged(
    server: FakePortOne, client: PortOneClient, fault: Any
) -> None:
    server.fail(fault, on=URL)
    payment = await client.payments.cancel("imp_1", amount=1000, reason="r")

    assert payment.cancel_amount == 1000
    first, second = sent(server)
    assert first == second
    methods = [request.method for request in server.requests[-4:]]
    assert methods == ["POST", "GET", "GET", "POST"]


@pytest.mark.usefixtures("payment")
async def test_key_that_was_used_sends_nothing(server: FakePortOne, client: PortOneClient) -> None:
    first = await client.payments.cancel("imp_1", amount=1000, reason="r", key="R-1")
    again = await client.payments.cancel("imp_1", amount=1000, reason="other", key="R-1")

    assert again == first
    assert [each["reason"] for each in sent(server)] == ["r [key:R-1]"]
