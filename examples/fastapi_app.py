"""A FastAPI app that looks up payments: ``uvicorn --app-dir examples fastapi_app:app``.

Keys are read from ``PORTONE_IMP_KEY`` and ``PORTONE_IMP_SECRET`` when it starts.
"""

from __future__ import annotations

import logging
import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal
from typing import Annotated, TypedDict

from fastapi import Depends, FastAPI, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

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


class State(TypedDict):
    """What lives as long as the process."""

    portone: PortOneClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[State, None]:
    """Keep one client for the process: its connections, its token and its rate are shared."""
    async with PortOneClient.from_env(timeouts=TIMEOUTS, retry=RETRY) as client:
        yield {"portone": client}


# Not a plain function: FastAPI would run that in a thread.
async def get_client(request: Request) -> PortOneClient:
    """Give the client; tests may override this with one of a fake PortOne."""
    client: PortOneClient = request.state.portone
    return client


PortOne = Annotated[PortOneClient, Depends(get_client)]

app = FastAPI(lifespan=lifespan)


class PaymentOut(BaseModel):
    """What may leave the shop: nothing of the buyer. Money is text in JSON, so that it is exact."""

    merchant_uid: str
    status: str
    amount: Decimal
    balance: Decimal
    currency: str | None
    paid_at: datetime | None


# "path", since Starlette decodes %2F before it looks for a route: an order number with a slash in
# it would be two segments.
@app.get("/orders/{merchant_uid:path}/payment")
async def get_payment(merchant_uid: str, portone: PortOne, status: str | None = None) -> PaymentOut:
    """Tell of an order's payment. Check first, in a real shop, whose order it is."""
    payment = await portone.payments.find(merchant_uid, status=status)
    return PaymentOut(
        merchant_uid=payment.merchant_uid,
        status=payment.status,
        amount=payment.amount,
        balance=payment.balance,
        currency=payment.currency,
        paid_at=payment.paid_at,
    )


@app.exception_handler(PortOneError)
async def answer_error(_: Request, error: PortOneError) -> JSONResponse:
    kind, status, message = next(each for each in ANSWERS if isinstance(error, each[0]))
    if status >= 500:
        log.warning("%s", error)
    headers: dict[str, str] = {}
    if isinstance(error, ApiError) and error.retry_after:
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    return JSONResponse({"error": kind.__name__, "message": message}, status, headers)
