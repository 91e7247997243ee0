"""Look up orders: ``python examples/look_up.py ORDER...``.

Keys are read from ``PORTONE_IMP_KEY`` and ``PORTONE_IMP_SECRET``. Without them it
uses a fake PortOne on this machine, so that it runs without an account.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager

from portone_async import (
    InvalidRequestError,
    PaymentNotFoundError,
    PortOneClient,
    PortOneError,
    TransientError,
    UnexpectedResponseError,
)
from portone_async.testing import FakePortOne


async def look_up(client: PortOneClient, order: str) -> str:
    """Return a line with the result of one order."""
    try:
        payment = await client.payments.find(order)
    except PaymentNotFoundError:
        return "no payment"
    except TransientError as error:
        # The client has retried. The result is unknown, which does not mean "no payment".
        return f"not known, ask again later ({type(error).__name__})"
    except (InvalidRequestError, UnexpectedResponseError) as error:
        # A retry would not help, but the other orders may succeed.
        return f"not known: {error}"
    # Other errors, such as rejected keys, would fail every order: they end the batch.
    return f"{payment.status}, {payment.amount} {payment.currency}, balance {payment.balance}"


@asynccontextmanager
async def connected() -> AsyncGenerator[PortOneClient, None]:
    """Open a client with the keys in the environment, or with a fake PortOne."""
    if os.environ.get("PORTONE_IMP_KEY"):
        async with PortOneClient.from_env() as client:
            yield client
        return
    print(
        "PORTONE_IMP_KEY is not set: this is a fake PortOne that knows ORD-PAID and ORD-PARTIAL.",
        file=sys.stderr,
    )
    async with FakePortOne() as server, server.client() as client:
        server.add(merchant_uid="ORD-PAID", amount=15000)
        server.add(merchant_uid="ORD-PARTIAL", status="cancelled", amount=20000, cancel_amount=5000)
        yield client


async def look_up_all(orders: Sequence[str]) -> None:
    # One task per order, however many: the client limits rate and connections.
    async with connected() as client, asyncio.TaskGroup() as group:
        tasks = {order: group.create_task(look_up(client, order)) for order in orders}
    for order, task in tasks.items():
        print(f"{order}: {task.result()}")


def main(orders: Sequence[str]) -> str | None:
    """Look up ``orders``; return the error message that ended the batch early, if any."""
    if not orders:
        return "usage: look_up.py ORDER..."
    problem = None
    try:
        asyncio.run(look_up_all(orders))
    except* PortOneError as group:
        problem = f"ended: {group.exceptions[0]}"
    return problem


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
