"""A fake account on which each check can be judged, and replies that differ."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Unpack

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from portone_async.client import ClientOptions
from portone_async.doctor import CHECKS, Check, Examination, ReadOnlyClient, Result
from portone_async.policy import RetryPolicy
from portone_async.testing import Exchange, FakePortOne, Reply
from tests.support.canaries import BUYER, REASONS

__all__ = ("Edited", "check_named", "examine", "fill", "reading")


class Edited(Struct):
    """Changes the right reply: its body, its status, or its headers."""

    edit: Callable[[dict[str, Any]], object] = lambda _: None
    status: int | None = None
    headers: Mapping[str, str] = {}
    path: str | None = None
    """The only path whose replies it changes; ``None`` for all."""

    async def meet(self, exchange: Exchange, /) -> Reply:
        reply = exchange.reply()
        if self.path not in (None, exchange.request.path):
            return reply
        body = msgspec.json.decode(reply.body, type=dict[str, Any])
        if body["response"] is not None:
            self.edit(body)
        return replace(
            reply,
            body=msgspec.json.encode(body),
            status=self.status or reply.status,
            headers={**reply.headers, **self.headers},
        )


async def fill(server: FakePortOne) -> None:
    """Add what the checks look for, with planted personal data, and forget the requests for it."""
    server.billing_keys.add(customer_uid="canary-customer-key")
    server.account_settings.add_channel(pg_provider="naverpay", type="payment")
    for number in range(3):
        server.add(merchant_uid=f"canary-order-{number}", amount=98765431, **BUYER)
    server.add(merchant_uid="canary-order-0", status="failed", fail_reason=REASONS[0], **BUYER)
    server.add(merchant_uid="canary-test", sandbox=True, **BUYER)
    server.add(merchant_uid="canary-barcode", pay_method="cvs", barcode="9999-canary", **BUYER)
    server.add(merchant_uid="canary-billed", customer_uid="canary-customer-key", **BUYER)
    promotion = {"id": "canary-promotion", "discount": 1000}
    server.add(merchant_uid="canary-promoted", amount=98765431, promotion=promotion, **BUYER)
    async with server.client(rate_limit=None) as client:
        await client.prepared.ensure("canary-promoted", amount=98765431, currency="KRW")
    server.clear_requests()


def reading(server: FakePortOne, **options: Unpack[ClientOptions]) -> ReadOnlyClient:
    """Return a client that only reads, without waits."""
    options.setdefault("base_url", server.url)
    options.setdefault("rate_limit", None)
    options.setdefault("retry", RetryPolicy(attempts=2, backoff_initial=0.0, backoff_max=0.0))
    return ReadOnlyClient(server.imp_key, server.imp_secret, **options)


async def examine(
    server: FakePortOne, *checks: Check, **options: Unpack[ClientOptions]
) -> dict[str, Result]:
    """Make checks, by default all, and return their results by id."""
    async with reading(server, **options) as client:
        examination = Examination(client, checks or CHECKS)
        return {check.id: result async for check, result in examination.results()}


def check_named(name: str) -> Check:
    """Return the check with an id."""
    return next(check for check in CHECKS if check.id == name)
