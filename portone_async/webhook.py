"""Webhooks of PortOne V1: a hint that something has happened, never the truth about it.

A V1 webhook has no signature, so anybody can send one. It may come twice, late, or not at all,
and says less than the look-up that must follow it: :func:`verify_webhook` makes that look-up.

Source: https://developers.portone.io/opi/ko/integration/webhook/readme-v1
"""

from __future__ import annotations

from decimal import Decimal
from ipaddress import ip_address
from typing import Any, Protocol
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from ._verify import checked_amount, differences
from .call import check_identifier
from .errors import InvalidRequestError, InvalidWebhookError, PaymentMismatchError
from .models import Payment, PaymentStatus
from .payments import Payments

__all__ = (
    "ADDRESSES",
    "MAX_BODY",
    "WebhookEvent",
    "is_from_portone",
    "parse_webhook",
    "verify_webhook",
)

ADDRESSES = frozenset({"52.78.100.19", "52.78.48.223", "52.78.5.241"})
"""Where PortOne says that its V1 webhooks come from."""

MAX_BODY = 16 * 1024
"""Bytes. A webhook has four short fields."""


class WebhookEvent(Struct, frozen=True):
    """What a webhook says. All of it is hearsay until it was looked up."""

    imp_uid: str
    merchant_uid: str
    status: PaymentStatus
    """``paid``, ``ready`` (a virtual account was issued), ``failed`` or ``cancelled``."""
    cancellation_id: str | None = None


class _HasPayments(Protocol):
    @property
    def payments(self) -> Payments: ...


_decoder = msgspec.json.Decoder(WebhookEvent)
_FORM = "application/x-www-form-urlencoded"


def parse_webhook(body: bytes, content_type: str | None = None) -> WebhookEvent:
    """Read a webhook's body, which is JSON or a form, as set in PortOne's console.

    Unknown fields, as those of convenience-store events, are left out.

    Args:
        body: The request's body as it came.
        content_type: Its ``Content-Type``; without one, what begins with a brace is JSON.

    Raises:
        InvalidWebhookError: It is too large, or no webhook. The body is not in the message.
    """
    if len(body) > MAX_BODY:
        raise InvalidWebhookError(f"a body of {len(body)} bytes, more than {MAX_BODY}")
    kind = (content_type or "").partition(";")[0].strip().lower()
    is_form = kind == _FORM if kind else not body.lstrip().startswith(b"{")
    problem = ""
    try:
        event = _from_form(body) if is_form else _decoder.decode(body)
        check_identifier("imp_uid", event.imp_uid)
        check_identifier("merchant_uid", event.merchant_uid)
    except InvalidRequestError as error:
        # Behind the colon it shows what it refuses.
        problem = error.reason.partition(":")[0]
    except msgspec.ValidationError as error:
        problem = str(error)
    except (ValueError, RecursionError):
        problem = f"it is not {'a form' if is_form else 'JSON'}"
    else:
        return event
    raise InvalidWebhookError(f"not a webhook of PortOne V1: {problem}")


def _from_form(body: bytes) -> WebhookEvent:
    # An optional field that is blank is one that is not there, which is how it is read.
    fields = parse_qsl(body.decode(), max_num_fields=50, errors="strict")
    return msgspec.convert(dict(fields), WebhookEvent)


async def verify_webhook(
    client: _HasPayments,
    event: WebhookEvent,
    *,
    merchant_uid: str,
    amount: int | Decimal,
    currency: str = "KRW",
    discount: int | Decimal = 0,
    allow_sandbox: bool = False,
) -> Payment:
    """Look up the payment that a webhook names, and see whether it belongs to the order.

    Act on the status of the payment that comes back, whatever the event said, and so that doing
    it twice does what doing it once does: webhooks repeat.

    .. code-block:: python

        event = parse_webhook(await request.body(), request.headers.get("content-type"))
        order = await orders.get(event.merchant_uid)
        payment = await verify_webhook(
            client, event, merchant_uid=order.number, amount=order.price
        )
        if payment.is_paid:
            await orders.mark_paid(order.number, payment.imp_uid)  # once

    Args:
        client: Your client.
        event: What :func:`parse_webhook` gave.
        merchant_uid: The number of your own order that the event is about.
        amount: What that order costs, exactly, in ``currency``.
        currency: As in ``KRW``.
        discount: What a PortOne promotion is expected to have taken off.
        allow_sandbox: Accept a payment of a test channel.

    Returns:
        The payment as PortOne has it now. Only when its status is ``paid`` has money come in, and
        then nothing of it was given back.

    Raises:
        PaymentMismatchError: It is not the payment of this order; ``differences`` says why.
        PaymentNotFoundError: PortOne knows no such payment: the webhook is not PortOne's.
        PortOneError: Any other failure. Answer with a 500: PortOne can be asked to send again.
    """
    payment = await client.payments.get(event.imp_uid, include_sandbox=True)
    found = differences(
        payment,
        merchant_uid=merchant_uid,
        amount=checked_amount("amount", amount),
        currency=currency,
        imp_uid=event.imp_uid,
        discount=checked_amount("discount", discount),
        allow_sandbox=allow_sandbox,
    )
    if not payment.is_paid:
        # Not paid (yet, or any more) is a state to act on, and no mismatch.
        passing = {"status", "cancel_amount", "cancel_history"}
        found = tuple(each for each in found if each.field not in passing)
    if not found:
        return payment
    error = PaymentMismatchError("; ".join(map(str, found)), differences=found)
    error.asked = {"merchant_uid": merchant_uid, "imp_uid": event.imp_uid}
    raise error


def is_from_portone(address: Any) -> bool:
    """Whether an address is one of those that PortOne names for its webhooks.

    It is a filter, no proof: addresses change, and behind a proxy the address is what the proxy
    says, so take that of the hop you trust, never a header that anybody can set. What makes a
    webhook safe is the look-up, not this.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed) in ADDRESSES
