"""``python -m portone_async.testing``: the fake PortOne, for programs in any language."""

from __future__ import annotations

import argparse
import asyncio
import gc
import shlex
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress
from datetime import date
from typing import Any

from .generate import payments_of_a_day
from .samples import ORDERS, add_other_samples, add_samples
from .server import FakePortOne

_DESCRIPTION = """\
The fake PortOne, for programs in any language. All state is in memory.

It answers all operations of the V1 API. At first it has one payment of each
kind, a billing key with a schedule, a waiting virtual account, a cash receipt,
an escrow and a Naver Pay order, an identity check, channels and two
sub-merchants; it prints their names. Schedules run when their time comes."""
_BANNER = """\
Fake PortOne on {url}
  imp_key     {key}
  imp_secret  {secret}
Payments: {orders}
{others}For the command line, and for an app that calls PortOneClient.from_env():
  export PORTONE_BASE_URL={url}
  export PORTONE_IMP_KEY={key}
  export PORTONE_IMP_SECRET={secret}
Try:
  curl -s {url}/users/getToken -d imp_key={key} -d imp_secret={secret}
  curl -s {url}/payments/find/{order} -H 'Authorization: Bearer {token}'
  portone-async find {order}
  portone-async cancel {imp_uid} --amount 1000 --reason returned --key R-1
  portone-async call GET /users/pg
A webhook, for an app of examples/ on port 8000:
  curl -s http://127.0.0.1:8000/webhooks/portone -d imp_uid={imp_uid} -d merchant_uid={order} -d status=paid
ready {url} (Ctrl-C ends it)
"""
_DAY = date(2026, 11, 1)


def add_a_day(server: FakePortOne, number: int, day: date) -> None:
    """Add ``number`` generated payments of one day."""
    gc.disable()
    server.add_many(payments_of_a_day(number, day))
    # They stay to the end: a collection that visits them all would delay the replies.
    gc.freeze()
    gc.enable()


async def serve(server: FakePortOne, orders: str, others: str = "") -> None:
    """Run ``server`` until Ctrl-C or SIGTERM; the banner has its ``orders`` and ``others``."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows, where Ctrl-C is a KeyboardInterrupt
            loop.add_signal_handler(number, ended.set)
    async with server:
        sys.stdout.write(_banner(server, orders, others))
        sys.stdout.flush()
        await ended.wait()


def _banner(server: FakePortOne, orders: str, others: str) -> str:
    """Return a description of ``server``, with lines to paste into a shell."""
    order = orders.split(maxsplit=1)[0]
    return _BANNER.format(
        url=server.url,
        key=shlex.quote(server.imp_key),
        secret=shlex.quote(server.imp_secret),
        token=server.issue_token(),
        orders=orders,
        others=others and f"And more:\n{others}",
        order=order,
        imp_uid=server.payments.of_order(order)[0].imp_uid,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the server until a signal ends it, and return the exit code."""
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.payments is None and options.day is not None:
        parser.error("--day needs --payments")
    if options.payments is not None and options.payments < 1:
        parser.error("--payments must be 1 or more")
    keys = {"imp_key": options.key, "imp_secret": options.secret}
    chosen: dict[str, Any] = {name: value for name, value in keys.items() if value is not None}
    server = FakePortOne(host=options.host, port=options.port, **chosen)
    orders, others = _add_state(server, options.payments, options.day or _DAY)
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(serve(server, orders, others))
    except (OSError, OverflowError) as error:  # the port is in use or invalid
        parser.exit(1, f"{parser.prog}: {error}\n")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m portone_async.testing",
        description=_DESCRIPTION,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080, help="0 for any free port")
    parser.add_argument("--key", help="the valid imp_key (default: a generated one)")
    parser.add_argument("--secret", help="the valid imp_secret (default: a generated one)")
    parser.add_argument(
        "--payments",
        type=int,
        metavar="N",
        help="serve N generated payments of one day, from order-0000001 on, not one of each kind",
    )
    parser.add_argument(
        "--day", type=date.fromisoformat, help=f"their day, in Korean time (default: {_DAY})"
    )
    return parser


def _add_state(server: FakePortOne, number: int | None, day: date) -> tuple[str, str]:
    """Fill the server; return a description of its orders, and of what else it has."""
    if number is None:
        add_samples(server)
        return ORDERS, add_other_samples(server)
    add_a_day(server, number, day)
    return f"order-0000001 ... order-{number:07} of {day} in Korea", ""


if __name__ == "__main__":
    sys.exit(main())
