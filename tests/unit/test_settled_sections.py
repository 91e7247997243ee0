"""Accounts, receipts and deliveries: number of sends, and duration of look-ups."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from portone_async import ConnectionFailedError, OutcomeUnknownError, PortOneClient
from tests.support.failing import failing_client
from tests.support.virtual_time import run

DUE = datetime(2030, 1, 1, tzinfo=UTC)
LOGIS = {"company": "CJGLS", "invoice": "1", "sent_at": DUE}
Operation = Callable[[PortOneClient], Awaitable[Any]]

# What a second request may open again is sent once; what PortOne refuses twice, up to four times.
UNSAFE, GUARDED = 1, 4
OPERATIONS: dict[str, tuple[int, Operation]] = {
    "POST /vbanks": (
        UNSAFE,
        lambda client: client.virtual_accounts.issue(
            "o", channel_key="c", amount=1, vbank_code="04", vbank_due=DUE
        ),
    ),
    "POST /cvs": (
        UNSAFE,
        lambda client: client.convenience_store.issue("o", channel_key="c", amount=1),
    ),
    "POST /payments/prepare": (GUARDED, lambda client: client.prepared.create("o", amount=1)),
    "POST /receipts/{imp_uid}": (
        GUARDED,
        lambda client: client.cash_receipts.issue("imp_1", identifier="010"),
    ),
    "POST /receipts/external/{merchant_uid}": (
        GUARDED,
        lambda client: client.cash_receipts.issue_external(
            "o", channel_key="c", name="n", amount=1, identifier="010"
        ),
    ),
    "POST /escrows/logis/{imp_uid}": (
        GUARDED,
        lambda client: client.escrow.register("imp_1", sender={}, receiver={}, logis=LOGIS),
    ),
}


@pytest.mark.parametrize("endpoint", OPERATIONS)
def test_request_without_a_trace_ends_unknown_after_90_seconds(endpoint: str) -> None:
    sends, operation = OPERATIONS[endpoint]
    client, transport = failing_client(endpoint, ConnectionFailedError("reset"))

    async def seconds_until_unknown() -> float:
        loop = asyncio.get_running_loop()
        started_at = loop.time()
        async with client:
            with pytest.raises(OutcomeUnknownError):
                await operation(client)
        return loop.time() - started_at

    assert 70 < run(seconds_until_unknown()) < 91
    methods = [method for method, *_ in transport.sent]
    assert methods.count("POST") == sends
    assert methods.count("GET") >= 8
