"""Call an endpoint that has no method: ``python examples/custom_endpoint.py BANK NUMBER``.

It names the holder of a bank account (``GET /vbanks/holder``), which PortOne answers but no longer
documents. Without ``PORTONE_IMP_KEY`` it uses a fake PortOne on this machine.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import msgspec

from portone_async import Call, PortOneClient, PortOneError
from portone_async.testing import FakePortOne


class Holder(msgspec.Struct, frozen=True):
    """The fields of the response that this script needs; others are ignored."""

    bank_holder: str


def holder_call(bank: str, number: str) -> Call[Holder]:
    """Build the call. Token, throttle, retries and errors work as for every call."""
    return Call(
        "GET",
        "/vbanks/holder",
        Holder,
        query={"bank_code": bank, "bank_num": number},
        identifiers={"bank_code": bank},
        # An account number is about a person: an error that repeats it prints *** instead.
        secrets=(number,),
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


async def print_holder(bank: str, number: str) -> None:
    async with connected() as client:
        holder = await client.call(holder_call(bank, number))
        print(holder.bank_holder)


def main(arguments: Sequence[str]) -> str | None:
    """Name one holder; return the error message, if any."""
    if len(arguments) != 2:
        return "usage: custom_endpoint.py BANK NUMBER"
    try:
        asyncio.run(print_holder(arguments[0], arguments[1]))
    except PortOneError as error:
        return str(error)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
