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

from .call import validate_identifier
from .errors import InvalidRequestError, InvalidWebhookError
from .models import Payment, PaymentStatus
from .resources.payments import Payments
from .resources.payments._verify import differences, require_none, validate_amount

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
_BOM = b"\xef\xbb\xbf"
_FORM = "application/x-www-form-urlencoded"
# Each is of one version of the V2 webhook and in no V1 webhook:
# https://developers.portone.io/opi/ko/integration/webhook/readme-v2
_KEYS_OF_V2 = ({"type", "timestamp", "data"}, {"payment_id", "tx_id"})


def parse_webhook(
    body: bytes | bytearray | memoryview | str, content_type: str | bytes | None = None
) -> WebhookEvent:
    """Read a webhook's body, which is JSON or a form, as set in PortOne's console.

    Unknown fields, as those of convenience-store events, are left out.

    Args:
        body: The request's body as it came, as bytes or as text, not parsed.
        content_type: Its ``Content-Type``. Unless it says JSON or a form, the body decides: what
            begins with a brace is JSON, anything else a form.

    Raises:
        InvalidWebhookError: It is too large, or no webhook of V1; one of V2 is named as such.
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
        # Behind the colon it shows what it refuses.
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
    """A body as bytes, at most :data:`MAX_BODY` of them."""
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
    # An optional field that is blank is one that is not there, which is how it is read.
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
    amount: int | Decimal,
    currency: str = "KRW",
    discount: int | Decimal = 0,
    allow_sandbox: bool = False,
) -> Payment:
    """Look up the payment that a webhook names, and see whether it belongs to the order.

    Act on the status of the payment that comes back, whatever the event said, and so that doing
    it twice does what doing it once does: webhooks repeat.

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
        amount=validate_amount("amount", amount),
        currency=currency,
        imp_uid=event.imp_uid,
        discount=validate_amount("discount", discount),
        allow_sandbox=allow_sandbox,
    )
    if not payment.is_paid:
        # Not paid (yet, or any more) is a state to act on, and no mismatch.
        passing = {"status", "cancel_amount", "cancel_history"}
        found = tuple(each for each in found if each.field not in passing)
    require_none(found, merchant_uid=merchant_uid, imp_uid=event.imp_uid)
    return payment


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
