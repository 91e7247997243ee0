"""An aiohttp.web app that looks up payments: ``python examples/aiohttp_app.py``.

Keys are read from ``PORTONE_IMP_KEY`` and ``PORTONE_IMP_SECRET`` when it starts.
"""

from __future__ import annotations

import logging
import math
from collections.abc import AsyncIterator
from datetime import datetime
from decimal import Decimal
from typing import Any

import msgspec
from aiohttp import web
from aiohttp.typedefs import Handler

from portone_async import (
    ApiError,
    InvalidRequestError,
    PaymentNotFoundError,
    PortOneClient,
    PortOneError,
    RateLimitedError,
    RetryPolicy,
    Timeouts,
    TransientError,
)

log = logging.getLogger(__name__)

PORTONE = web.AppKey("portone", PortOneClient)

# Somebody waits at the other end: rather fail soon, and let them try again.
TIMEOUTS = Timeouts(total=8.0, attempt=4.0)
RETRY = RetryPolicy(attempts=2, backoff_initial=0.2, retry_after_max=1.0)

# The first that fits. Which error it was exactly is for the log, not for visitors.
ANSWERS: tuple[tuple[type[Exception], int, str], ...] = (
    (PaymentNotFoundError, 404, "This order has no such payment."),
    (InvalidRequestError, 422, "This is no order number or no status."),
    (RateLimitedError, 503, "Too many payments are being looked up. Try again later."),
    (TimeoutError, 504, "PortOne took too long to answer. Try again later."),
    (TransientError, 503, "PortOne is out of reach. Try again later."),
    (PortOneError, 502, "PortOne could not be asked."),
)


class PaymentOut(msgspec.Struct, kw_only=True):
    """What may leave the shop: nothing of the buyer. Money is text in JSON, so that it is exact."""

    merchant_uid: str
    status: str
    amount: Decimal
    balance: Decimal
    currency: str | None
    paid_at: datetime | None


async def portone(app: web.Application) -> AsyncIterator[None]:
    """Keep one client for the process: its connections, its token and its rate are shared."""
    async with PortOneClient.from_env(timeouts=TIMEOUTS, retry=RETRY) as client:
        app[PORTONE] = client
        yield


async def get_payment(request: web.Request) -> web.Response:
    """Tell of an order's payment. Check first, in a real shop, whose order it is."""
    payment = await request.app[PORTONE].payments.find(
        request.match_info["merchant_uid"], status=request.query.get("status")
    )
    return _json(
        PaymentOut(
            merchant_uid=payment.merchant_uid,
            status=payment.status,
            amount=payment.amount,
            balance=payment.balance,
            currency=payment.currency,
            paid_at=payment.paid_at,
        )
    )


@web.middleware
async def answer_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except PortOneError as error:
        kind, status, message = next(each for each in ANSWERS if isinstance(error, each[0]))
        if status >= 500:
            log.warning("%s", error)
        response = _json({"error": kind.__name__, "message": message}, status)
        if isinstance(error, ApiError) and error.retry_after:
            response.headers["Retry-After"] = str(math.ceil(error.retry_after))
        return response


def _json(value: Any, status: int = 200) -> web.Response:
    return web.Response(
        body=msgspec.json.encode(value), status=status, content_type="application/json"
    )


def create_app() -> web.Application:
    app = web.Application(middlewares=[answer_errors])
    app.cleanup_ctx.append(portone)
    # ".+", since an order number may have slashes in it, quoted by the visitor or not.
    app.router.add_get("/orders/{merchant_uid:.+}/payment", get_payment)
    return app


if __name__ == "__main__":
    # A look-up that nobody waits for any more is cancelled, and gives back what it held.
    web.run_app(create_app(), host="127.0.0.1", handler_cancellation=True)
