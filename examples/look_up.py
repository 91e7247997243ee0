"""Look up orders: ``python examples/look_up.py ORDER...``.

Keys are read from ``PORTONE_IMP_KEY`` and ``PORTONE_IMP_SECRET``. Without them a fake PortOne on
this machine is asked, so that this runs without an account.
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
    """Tell what is known of an order, in a line."""
    try:
        payment = await client.payments.find(order)
    except PaymentNotFoundError:
        return "no payment"
    except TransientError as error:
        # It was tried several times. This does not mean "no payment": it is unknown.
        return f"not known, ask again later ({type(error).__name__})"
    except (InvalidRequestError, UnexpectedResponseError) as error:
        # Asking again would not help, but the other orders may be all right.
        return f"not known: {error}"
    # Anything else, as refused keys, would meet every order alike: it ends the batch.
    return f"{payment.status}, {payment.amount} {payment.currency}, balance {payment.balance}"


@asynccontextmanager
async def connected() -> AsyncGenerator[PortOneClient, None]:
    """Give a client of the shop whose keys are set, or of an invented one."""
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
    # One task for each, however many: the client keeps to its rate and its connections.
    async with connected() as client, asyncio.TaskGroup() as group:
        tasks = {order: group.create_task(look_up(client, order)) for order in orders}
    for order, task in tasks.items():
        print(f"{order}: {task.result()}")


def main(orders: Sequence[str]) -> str | None:
    """Look up ``orders``; give what ended the batch before its time."""
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
