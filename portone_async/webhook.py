"""Webhooks of PortOne V1: a hint to look a payment up, never a proof.

A V1 webhook has no signature, so anyone can send one. It may arrive twice, late, or not at all, and
has less data than the look-up that must follow it: :func:`verify_webhook` makes that look-up.

Source: https://developers.portone.io/opi/ko/integration/webhook/readme-v1
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any, Protocol
from urllib.parse import parse_qsl

import msgspec
from msgspec import Struct

from .call import validate_identifier
from .errors import InvalidRequestError, InvalidWebhookError
from .models import Payment, PaymentStatus
from .resources._request import Money, money
from .resources.payments import Payments
from .resources.payments._verify import differences, require_none

__all__ = (
    "ADDRESSES",
    "MAX_BODY",
    "WebhookEvent",
    "is_from_portone",
    "parse_webhook",
    "verify_webhook",
)

ADDRESSES = frozenset({"52.78.100.19", "52.78.48.223", "52.78.5.241"})
"""The addresses from which PortOne sends V1 webhooks, as it documents them."""

MAX_BODY = 16 * 1024
"""Bytes. A webhook has four short fields."""


class WebhookEvent(Struct, frozen=True):
    """The fields of a webhook. Do not trust them until the payment was looked up."""

    imp_uid: str
    """PortOne's id of the payment."""
    merchant_uid: str
    """The shop's order number."""
    status: PaymentStatus
    """``paid``, ``ready`` (a virtual account was issued), ``failed`` or ``cancelled``."""
    cancellation_id: str | None = None
    """PortOne's id of the cancellation, if it is about one."""


class _HasPayments(Protocol):
    @property
    def payments(self) -> Payments: ...


_decoder = msgspec.json.Decoder(WebhookEvent)
_BOM = b"\xef\xbb\xbf"
_FORM = "application/x-www-form-urlencoded"
# Each set of keys is in one version of the V2 webhook and in no V1 webhook:
# https://developers.portone.io/opi/ko/integration/webhook/readme-v2
_KEYS_OF_V2 = ({"type", "timestamp", "data"}, {"payment_id", "tx_id"})


def parse_webhook(
    body: bytes | bytearray | memoryview | str, content_type: str | bytes | None = None
) -> WebhookEvent:
    """Parse a webhook's body: JSON or a form, as set in PortOne's console.

    Unknown fields, such as those of convenience-store events, are ignored.

    Args:
        body: The request's body, as bytes or text, not parsed.
        content_type: Its ``Content-Type``. If that is neither JSON nor a form, the body decides: a
            body that begins with a brace is JSON, any other a form.

    Raises:
        InvalidWebhookError: It is too large, or not a webhook of V1; one of V2 is named as such.
            The body is not in the message.
    """
    content = _content(body)
    is_form = _is_form(content, content_type)
    problem = ""
    try:
        event = _from_form(content) if is_form else _decoder.decode(content)
        validate_identifier("imp_uid", event.imp_uid)
        validate_identifier("merchant_uid", event.merchant_uid)
    except InvalidRequestError as error:
        # After the colon stands the rejected value.
        problem = error.reason.partition(":")[0]
    except msgspec.ValidationError as error:
        problem = str(error)
    except (ValueError, RecursionError):
        problem = f"it is not {'a form' if is_form else 'JSON'}"
    else:
        return event
    if _is_v2(content, is_form=is_form):
        raise InvalidWebhookError(
            "this is a webhook of PortOne V2, and this client is of V1: choose V1 (결제모듈 V1) for "
            "this address in the console's webhook settings, or verify it with portone-server-sdk"
        )
    raise InvalidWebhookError(f"not a webhook of PortOne V1: {problem}")


def _content(body: object) -> bytes:
    """Return a body as bytes, at most :data:`MAX_BODY` of them."""
    if isinstance(body, memoryview):
        body = body.tobytes()
    if not isinstance(body, str | bytes | bytearray):
        kind = type(body).__name__
        raise InvalidWebhookError(f"the body must be bytes or text, not parsed, but is a {kind}")
    try:
        content = body.encode() if isinstance(body, str) else bytes(body)
    except UnicodeEncodeError:
        raise InvalidWebhookError("the body is not valid Unicode") from None
    if len(content) > MAX_BODY:
        raise InvalidWebhookError(f"a body of {len(content)} bytes, more than {MAX_BODY}")
    return content.removeprefix(_BOM)


def _is_form(content: bytes, content_type: object) -> bool:
    if isinstance(content_type, bytes):
        content_type = content_type.decode("latin-1")
    kind = content_type.partition(";")[0].strip().lower() if isinstance(content_type, str) else ""
    if kind == _FORM:
        return True
    is_json = kind.endswith(("/json", "+json")) or content.lstrip().startswith(b"{")
    return not is_json


def _form_fields(content: bytes) -> dict[str, str]:
    # parse_qsl drops blank fields: an optional field that is blank is absent.
    return dict(parse_qsl(content.decode(), max_num_fields=50, errors="strict"))


def _from_form(content: bytes) -> WebhookEvent:
    return msgspec.convert(_form_fields(content), WebhookEvent)


def _is_v2(content: bytes, *, is_form: bool) -> bool:
    try:
        fields: Any = _form_fields(content) if is_form else msgspec.json.decode(content)
    except (ValueError, RecursionError):
        return False
    return isinstance(fields, dict) and any(fields.keys() >= keys for keys in _KEYS_OF_V2)


async def verify_webhook(
    client: _HasPayments,
    event: WebhookEvent,
    *,
    merchant_uid: str,
    amount: Money,
    currency: str = "KRW",
    discount: Money = 0,
    allow_sandbox: bool = False,
) -> Payment:
    """Look up the payment that a webhook names, and check that it belongs to the order.

    Act on the status of the returned payment, not on that of the event, and make the handler
    idempotent: webhooks repeat.

    ```python
    event = parse_webhook(await request.body(), request.headers.get("content-type"))
    order = await orders.get(event.merchant_uid)
    payment = await verify_webhook(
        client, event, merchant_uid=order.number, amount=order.price
    )
    if payment.is_paid:
        await orders.mark_paid(order.number, payment.imp_uid)  # once
    ```

    Args:
        client: Your client, such as a :class:`PortOneClient`.
        event: The result of :func:`parse_webhook`.
        merchant_uid: The number of your own order that the event is about.
        amount: The exact price of that order, in ``currency``: an ``int``, a ``Decimal``,
            or text as in ``"9.90"``; never a float.
        currency: As in ``KRW``.
        discount: The expected discount of a PortOne promotion.
        allow_sandbox: Accept a payment of a test channel.

    Returns:
        The payment as PortOne has it now. Only if its status is ``paid`` was money received, and
        then none of it was refunded.

    Raises:
        PaymentMismatchError: It is not the payment of this order; ``differences`` says why.
        PaymentNotFoundError: There is no such payment: the webhook is not from PortOne.
        PortOneError: Any other failure. Answer with a 500: PortOne can be asked to send again.
    """
    exact, taken_off = money("amount", amount), money("discount", discount)
    payment = await client.payments.get(event.imp_uid, include_sandbox=True)
    mismatches = differences(
        payment,
        merchant_uid=merchant_uid,
        amount=exact,
        currency=currency,
        imp_uid=event.imp_uid,
        discount=taken_off,
        allow_sandbox=allow_sandbox,
    )
    if not payment.is_paid:
        # Not paid (yet, or any more) is a state to act on, not a mismatch.
        passing = {"status", "cancel_amount", "cancel_history"}
        mismatches = tuple(item for item in mismatches if item.field not in passing)
    require_none(mismatches, merchant_uid=merchant_uid, imp_uid=event.imp_uid)
    return payment


def is_from_portone(address: Any) -> bool:
    """Return whether an address is one of those that PortOne documents for its webhooks.

    It is a filter, not a proof: addresses change, and behind a proxy the peer is the proxy. Use the
    address that a trusted proxy reports, never a header that any client can set. The look-up makes
    a webhook safe, not this.
    """
    try:
        parsed = ip_address(address)
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return str(mapped or parsed) in ADDRESSES
