"""Call an endpoint of your own choice: ``python examples/custom_endpoint.py CARD_CODE...``.

This one names the card company behind a code, as in ``Payment.card_code``. Without
``PORTONE_IMP_KEY`` a fake PortOne on this machine is asked.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

import msgspec

from portone_async import ApiError, Call, PortOneClient, PortOneError
from portone_async.testing import FakePortOne


class Card(msgspec.Struct, frozen=True):
    """What of the answer is wanted; all else in it is passed over."""

    code: str
    name: str


def card(code: str) -> Call[Card]:
    """An operation as a value: token, rate, retries and errors are those of every other call."""
    return Call("GET", "/cards/{card_standard_code}", Card, path={"card_standard_code": code})


@asynccontextmanager
async def connected() -> AsyncGenerator[PortOneClient, None]:
    """Give a client of the shop whose keys are set, or of an invented one."""
    if os.environ.get("PORTONE_IMP_KEY"):
        async with PortOneClient.from_env() as client:
            yield client
        return
    print("PORTONE_IMP_KEY is not set: this is a fake PortOne.", file=sys.stderr)
    async with FakePortOne() as server, server.client() as client:
        yield client


async def print_names(codes: Sequence[str]) -> None:
    async with connected() as client:
        for code in codes:
            try:
                name = (await client.call(card(code))).name
            except ApiError as error:
                # 404 is the only answer that says something about the code.
                if error.status != 404:
                    raise
                name = "no such card company"
            print(f"{code}: {name}")


def main(codes: Sequence[str]) -> str | None:
    """Print the names of ``codes``; give what ended it before its time."""
    try:
        asyncio.run(print_names(codes or ["361", "381"]))
    except PortOneError as error:
        return str(error)
    return None


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
