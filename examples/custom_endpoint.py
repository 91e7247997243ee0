"""Call an endpoint that has no method: ``python examples/custom_endpoint.py ORDER AMOUNT``.

It registers the amount of an order before the buyer pays (``POST /payments/prepare``), so that
PortOne refuses a payment of another amount. Without ``PORTONE_IMP_KEY`` it uses a fake PortOne on
this machine.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal

import msgspec

from portone_async import Call, PortOneClient, PortOneError
from portone_async.testing import FakePortOne


class Prepared(msgspec.Struct, frozen=True):
    """The fields of the response that this script needs; others are ignored."""

    merchant_uid: str
    amount: Decimal


def prepare(merchant_uid: str, amount: Decimal) -> Call[Prepared]:
    """Build the call. Token, throttle, retries and errors work as for every call."""
    return Call(
        "POST",
        "/payments/prepare",
        Prepared,
        body={"merchant_uid": merchant_uid, "amount": amount},
        identifiers={"merchant_uid": merchant_uid},
    )


@asynccontextmanager
async def connected() -> AsyncGenerator[PortOneClient, None]:
    """Open a client with the keys in the environment, or with a fake PortOne."""
    if os.environ.get("PORTONE_IMP_KEY"):
        async with PortOneClient.from_env() as client:
            yield client
        return
    print("PORTONE_IMP_KEY is not set: this is a fake PortOne.", file=sys.stderr)
    async with FakePortOne() as server, server.client() as client:
        yield client


async def register(merchant_uid: str, amount: Decimal) -> None:
    async with connected() as client:
        prepared = await client.call(prepare(merchant_uid, amount))
        print(f"{prepared.merchant_uid}: {prepared.amount}")


def main(arguments: Sequence[str]) -> str | None:
    """Register one amount; return the error message, if any."""
    if len(arguments) != 2:
        return "usage: custom_endpoint.py ORDER AMOUNT"
    try:
        asyncio.run(register(arguments[0], Decimal(arguments[1])))
    except (PortOneError, ArithmeticError) as error:
        return str(error)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
