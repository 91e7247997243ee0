"""A FastAPI app that looks up payments, refunds them and receives webhooks.

Run it with ``uvicorn --app-dir examples fastapi_app:app``; it listens on port 8000. It needs
``fastapi`` and ``uvicorn``.

Keys are read from ``PORTONE_IMP_KEY`` and ``PORTONE_IMP_SECRET`` when it starts. Without an
account, run ``python -m portone_async.testing``: it prints the variables to set, and a webhook to
send. Refund a part of an order; a repetition of this refund, R-7, sends nothing:

    curl -X PUT localhost:8000/orders/ORD-PAID/refunds/R-7 --json '{"amount": 9, "reason": "Late"}'
"""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, TypedDict

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from portone_async import (
    ApiError,
    CancelPendingError,
    CancelRefusedError,
    InvalidRequestError,
    InvalidWebhookError,
    OutcomeUnknownError,
    PaymentMismatchError,
    PaymentNotFoundError,
    PaymentStatus,
    PortOneClient,
    PortOneError,
    RateLimitedError,
    RetryPolicy,
    Timeouts,
    TransientError,
)
from portone_async.webhook import (
    MAX_BODY,
    WebhookEvent,
    is_from_portone,
    parse_webhook,
    verify_webhook,
)

log = logging.getLogger(__name__)

# A visitor is waiting: fail soon, so that they can try again.
TIMEOUTS = Timeouts(total=8.0, attempt=4.0)
RETRY = RetryPolicy(attempts=2, backoff_initial=0.2, retry_after_max=1.0)

# The first matching class decides. Details go to the log, not to visitors.
ANSWERS: tuple[tuple[type[Exception], int, str], ...] = (
    (InvalidWebhookError, 400, "This is not a webhook of PortOne."),
    # Well-formed but different from the order: a conflict, not a malformed request.
    (PaymentMismatchError, 409, "This payment does not match the order."),
    (PaymentNotFoundError, 404, "There is no such payment."),
    (InvalidRequestError, 422, "PortOne would not accept this request."),
    # Accepted, and not made yet: PortOne reports the end by a webhook.
    (CancelPendingError, 202, "The refund is being made."),
    (CancelRefusedError, 409, "The refund was refused."),
    (OutcomeUnknownError, 504, "Whether it was refunded is unknown. Repeat it with the same key."),
    (RateLimitedError, 503, "Too many payments are being looked up. Try again later."),
    (TimeoutError, 504, "PortOne took too long to answer. Try again later."),
    (TransientError, 503, "PortOne is unavailable. Try again later."),
    (PortOneError, 502, "The request to PortOne failed."),
)
# A mistyped order number causes these: log them as INFO, not WARNING.
QUIET = (202, 404, 422)
# Seconds for which a lost answer of PortOne is looked up while the shop's staff wait.
SETTLE = 10.0


@dataclass
class Order:
    """An order of the shop; the dictionary below stands for its database."""

    price: Decimal
    state: str = "open"
    """``open``, ``paid``, or ``cancelled`` after a full or partial refund."""
    imp_uid: str | None = None
    """The payment that paid this order."""
    pending: set[str] = field(default_factory=set[str])
    """The keys of refunds that PortOne accepted and had not made: it would make each once more."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)
    """Stands for ``SELECT … FOR UPDATE`` in a database."""


# Two orders to try: `python -m portone_async.testing` has a payment for each. The second was paid
# in a test channel, which moves no money, so its webhook is rejected.
ORDERS = {"ORD-PAID": Order(Decimal(15000)), "ORD-SANDBOX": Order(Decimal(1000))}


class State(TypedDict):
    """Objects that live as long as the process."""

    portone: PortOneClient


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[State, None]:
    """Keep one client per process, which shares its connections, token and rate limit."""
    # uvicorn sets up its own loggers only.
    logging.basicConfig(level=logging.INFO)
    async with PortOneClient.from_env(timeouts=TIMEOUTS, retry=RETRY) as client:
        yield {"portone": client}


# Async, because FastAPI runs a plain function in a thread.
async def get_client(request: Request) -> PortOneClient:
    """Return the client. Tests may override this with a client of a fake PortOne."""
    client: PortOneClient = request.state.portone
    return client


PortOne = Annotated[PortOneClient, Depends(get_client)]

app = FastAPI(lifespan=lifespan)


class PaymentOut(BaseModel):
    """The public fields of a payment, without the buyer. Amounts are JSON strings, to stay exact."""

    merchant_uid: str
    status: str
    amount: Decimal
    balance: Decimal
    currency: str | None
    paid_at: datetime | None


# "path", because Starlette decodes %2F before routing: an order number with a slash would be two
# segments.
@app.get("/orders/{merchant_uid:path}/payment")
async def get_payment(merchant_uid: str, portone: PortOne, status: str | None = None) -> PaymentOut:
    """Return the payment of an order. A real shop first checks whose order it is."""
    payment = await portone.payments.find(merchant_uid, status=status)
    return PaymentOut(
        merchant_uid=payment.merchant_uid,
        status=payment.status,
        amount=payment.amount,
        balance=payment.balance,
        currency=payment.currency,
        paid_at=payment.paid_at,
    )


class RefundIn(BaseModel):
    """A refund. The whole balance is a word, so that a forgotten amount refunds nothing."""

    amount: Decimal | Literal["all"]
    reason: str


class RefundOut(BaseModel):
    """The payment after a refund."""

    key: str
    refunded: Decimal
    """All that was refunded so far."""
    balance: Decimal


# PUT, because the same request twice must refund once. The key is a short name that the shop gives
# to the refund, such as the number of the return.
@app.put("/orders/{merchant_uid:path}/refunds/{key}")
async def refund(merchant_uid: str, key: str, wanted: RefundIn, portone: PortOne) -> RefundOut:
    """Refund an order. A real shop first checks who requests it.

    A repeated request, also after a crash or from another process, finds the key in the payment's
    history and sends nothing.
    """
    order = ORDERS.get(merchant_uid)
    if order is None:
        raise HTTPException(404)
    # One refund at a time per order.
    async with order.lock:
        if order.imp_uid is None:  # The dictionary forgets at a restart; a database would not.
            paid = await portone.payments.find(merchant_uid, sorting="-paid")
            order.imp_uid = paid.imp_uid
        if key in order.pending and not await is_made(portone, order.imp_uid, key):
            raise CancelPendingError("the refund was accepted before")
        how: dict[str, Any] = {"reason": wanted.reason, "key": key, "settle": SETTLE}
        try:
            if wanted.amount == "all":
                payment = await portone.payments.cancel_all(order.imp_uid, **how)
            else:
                payment = await portone.payments.cancel(order.imp_uid, amount=wanted.amount, **how)
        except CancelPendingError:
            order.pending.add(key)
            raise
        except OutcomeUnknownError as error:
            if error.key is None:  # Its PG may leave it pending, and would make it once more.
                order.pending.add(key)
            raise
        order.state = "cancelled"
    return RefundOut(key=key, refunded=payment.cancel_amount, balance=payment.balance)


async def is_made(portone: PortOneClient, imp_uid: str, key: str) -> bool:
    """Return whether a refund is in the payment's history."""
    payment = await portone.payments.get(imp_uid, include_sandbox=True)
    return any(f"[key:{key}]" in (each.reason or "") for each in payment.cancel_history)


@app.post("/webhooks/portone")
async def receive_webhook(request: Request, portone: PortOne) -> dict[str, str]:
    """Verify the payment with PortOne: anyone can send a webhook."""
    if request.client is None or not is_from_portone(request.client.host):
        # Only logged: the address is not proof, and behind a proxy it is the proxy's.
        log.info("a webhook from an address that PortOne does not document")
    event = parse_webhook(await _body(request), request.headers.get("content-type"))
    order = ORDERS.get(event.merchant_uid)
    if order is None:
        log.warning("a webhook for %r, which is no order of this shop", event.merchant_uid)
        raise HTTPException(404)
    await settle(portone, event, order)
    # Reveal nothing about the order to the sender.
    return {"webhook": "taken"}


async def _body(request: Request) -> bytes:
    """Read the body, and stop after MAX_BODY: parse_webhook rejects a longer one."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            break
    return body


async def settle(portone: PortOneClient, event: WebhookEvent, order: Order) -> None:
    """Look up the payment and update the order. Idempotent."""
    # One webhook at a time per order, so that the latest look-up decides.
    async with order.lock:
        payment = await verify_webhook(
            portone, event, merchant_uid=event.merchant_uid, amount=order.price
        )
        if order.state == "open" and payment.is_paid:
            order.state, order.imp_uid = "paid", payment.imp_uid
            log.info("order %s is paid: ship it", payment.merchant_uid)
        elif payment.imp_uid == order.imp_uid:
            if order.state == "paid" and payment.status == PaymentStatus.CANCELLED:
                order.state = "cancelled"
                log.info("order %s: %s is left", payment.merchant_uid, payment.balance)
        elif payment.is_paid:
            log.warning("order %s has a payment too many: look at it", payment.merchant_uid)


@app.exception_handler(PortOneError)
async def answer_error(_: Request, error: PortOneError) -> JSONResponse:
    kind, status, message = next(row for row in ANSWERS if isinstance(error, row[0]))
    # A payment that does not match its order (409) may be an attempt to pay less.
    log.log(logging.INFO if status in QUIET else logging.WARNING, "refused (%d): %s", status, error)
    headers: dict[str, str] = {}
    if isinstance(error, ApiError) and error.retry_after:
        headers["Retry-After"] = str(math.ceil(error.retry_after))
    return JSONResponse({"error": kind.__name__, "message": message}, status, headers)
