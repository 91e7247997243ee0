"""``python -m portone_async.testing``: the fake PortOne, for programs in any language."""

from __future__ import annotations

import argparse
import asyncio
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from typing import Any

from .server import FakePortOne

_BANNER = """\
Fake PortOne on {url}
  imp_key     {key}
  imp_secret  {secret}
Payments: ORD-PAID ORD-READY ORD-FAILED ORD-CANCELLED ORD-PARTIAL ORD-PENDING ORD-USD ORD-SANDBOX
Try:
  curl -s {url}/users/getToken -d imp_key={key} -d imp_secret={secret}
  curl -s {url}/payments/find/ORD-PAID -H 'Authorization: Bearer {token}'
Ctrl-C ends it.
"""


def add_samples(server: FakePortOne) -> None:
    """One payment of every kind that a shop has to cope with."""
    usd = {"pay_method": "paypal", "currency": "USD"}
    server.add(merchant_uid="ORD-PAID", amount=15000)
    server.add(
        merchant_uid="ORD-READY",
        status="ready",
        pay_method="vbank",
        vbank_code="088",
        vbank_name="신한은행",
        vbank_num="56211100000000",
    )
    server.add(merchant_uid="ORD-FAILED", status="failed")
    server.add(merchant_uid="ORD-CANCELLED", status="cancelled", amount=20000)
    server.add(merchant_uid="ORD-PARTIAL", status="cancelled", amount=20000, cancel_amount=5000)
    server.add(merchant_uid="ORD-PENDING", status="pending", amount=30, **usd)
    server.add(merchant_uid="ORD-USD", amount=Decimal("12.34"), **usd)
    server.add(merchant_uid="ORD-SANDBOX", sandbox=True)


async def serve(server: FakePortOne) -> None:
    """Run ``server`` until Ctrl-C or SIGTERM."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows, where Ctrl-C is a KeyboardInterrupt
            loop.add_signal_handler(number, ended.set)
    async with server:
        add_samples(server)
        banner = _BANNER.format(
            url=server.url,
            key=server.imp_key,
            secret=server.imp_secret,
            token=server.issue_token(),
        )
        sys.stdout.write(banner)
        sys.stdout.flush()
        await ended.wait()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m portone_async.testing", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080, help="0 for any that is free")
    parser.add_argument("--key", help="the imp_key that is right (default: an invented one)")
    parser.add_argument("--secret", help="the imp_secret that is right (default: an invented one)")
    options = parser.parse_args(arguments)
    keys = {"imp_key": options.key, "imp_secret": options.secret}
    given: dict[str, Any] = {name: value for name, value in keys.items() if value is not None}
    server = FakePortOne(host=options.host, port=options.port, **given)
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(serve(server))
    except (OSError, OverflowError) as error:  # a port that is in use, or is none
        parser.exit(1, f"{parser.prog}: {error}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
