"""``client.paymentwall``: deliveries that Paymentwall needs to know before it settles.

API: https://developers.portone.io/api/rest-v1/paymentwall
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from portone_async._redact import printable, without
from portone_async.call import Call, Caller, Repeat, validate_identifier
from portone_async.errors import ApiError
from portone_async.models.paymentwall import PaymentwallDelivery

from ._about import about
from ._confidential import confidential, secrets_in
from ._request import json_body, unix_seconds

__all__ = ("DeliveryRefusedError", "Paymentwall")

# What the shop writes, or says about the recipient, besides the parameters that always are.
_PERSONAL = ("details", "reason", "shipping_address_country")


class DeliveryRefusedError(ApiError):
    """Paymentwall refused the delivery, although PortOne's own ``code`` is 0."""

    advice = "Correct what the notices name, and register the delivery again."

    error_code: int | None = None
    """Paymentwall's code."""
    notices: tuple[str, ...] = ()
    """What is wrong, one sentence each, redacted."""


class Paymentwall:
    """The operation of ``/paymentwall``."""

    def __init__(self, client: Caller) -> None:
        self._client = client

    @confidential(*_PERSONAL)
    async def register_delivery(
        self,
        imp_uid: str,
        *,
        merchant_uid: str,
        type: Literal["physical", "digital"] | str,  # noqa: A002 (the API's own name)
        status: Literal["order_placed", "order_shipped", "delivering", "delivered"] | str,
        estimated_delivery_datetime: datetime,
        estimated_update_datetime: datetime,
        refundable: Literal["yes", "no"] | str,
        shipping_address_email: str,
        carrier_tracking_id: str | None = None,
        carrier_type: str | None = None,
        reason: str | None = None,
        details: str | None = None,
        shipping_address_country: str | None = None,
        shipping_address_city: str | None = None,
        shipping_address_zip: str | None = None,
        shipping_address_state: str | None = None,
        shipping_address_street: str | None = None,
        shipping_address_phone: str | None = None,
        shipping_address_firstname: str | None = None,
        shipping_address_lastname: str | None = None,
        extra_body: Mapping[str, Any] | None = None,
    ) -> PaymentwallDelivery:
        """Report the state of a delivery. Without it, Paymentwall does not pay the shop.

        It is reported again after a lost answer. What PortOne answers to the same report twice is
        not documented, and ``doctor`` cannot check it.

        Args:
            imp_uid: PortOne's id of the payment.
            merchant_uid: Its order number.
            type: ``physical`` or ``digital``. Physical goods need both ``carrier_*`` and every
                ``shipping_address_*``.
            status: ``order_placed``, ``order_shipped``, ``delivering`` or ``delivered``.
            estimated_delivery_datetime: When it will arrive; now for digital goods.
            estimated_update_datetime: When the next report will come; now for digital goods.
            refundable: ``yes`` or ``no``.
            shipping_address_email: The recipient's e-mail address.
            carrier_tracking_id: The carrier's tracking number.
            carrier_type: The carrier's name.
            reason: Any text.
            details: Any text.
            shipping_address_country: The recipient's country.
            shipping_address_city: The recipient's city.
            shipping_address_zip: The recipient's postcode.
            shipping_address_state: The recipient's state; ``N/A`` outside of the USA.
            shipping_address_street: The recipient's street.
            shipping_address_phone: The recipient's phone number.
            shipping_address_firstname: The recipient's first name.
            shipping_address_lastname: The recipient's last name.
            extra_body: Parameters that this package does not know.

        Raises:
            DeliveryRefusedError: Paymentwall refused it.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: The call failed.

        Source: ``POST /paymentwall/delivery``.
        """
        validate_identifier("imp_uid", imp_uid)
        validate_identifier("merchant_uid", merchant_uid)
        body = json_body(
            extra_body,
            imp_uid=imp_uid,
            merchant_uid=merchant_uid,
            type=type,
            status=status,
            estimated_delivery_datetime=unix_seconds(
                "estimated_delivery_datetime", estimated_delivery_datetime
            ),
            estimated_update_datetime=unix_seconds(
                "estimated_update_datetime", estimated_update_datetime
            ),
            refundable=refundable,
            shipping_address_email=shipping_address_email,
            carrier_tracking_id=carrier_tracking_id,
            carrier_type=carrier_type,
            reason=reason,
            details=details,
            shipping_address_country=shipping_address_country,
            shipping_address_city=shipping_address_city,
            shipping_address_zip=shipping_address_zip,
            shipping_address_state=shipping_address_state,
            shipping_address_street=shipping_address_street,
            shipping_address_phone=shipping_address_phone,
            shipping_address_firstname=shipping_address_firstname,
            shipping_address_lastname=shipping_address_lastname,
        )
        call = Call(
            "POST",
            "/paymentwall/delivery",
            PaymentwallDelivery,
            body=body,
            identifiers={"imp_uid": imp_uid, "merchant_uid": merchant_uid},
            repeat=Repeat.SET,
            secrets=secrets_in(body, *_PERSONAL),
        )
        delivery = await self._client.call(call)
        if _is_refused(delivery):
            raise _refusal(call, delivery)
        return delivery


def _is_refused(delivery: PaymentwallDelivery) -> bool:
    # PortOne documents that a success has no `error_code`. An unreadable one is not a success, either.
    unreadable = "error_code" in delivery.unreadable
    return bool(unreadable or delivery.error_code or (delivery.error and not delivery.success))


def _refusal(call: Call[PaymentwallDelivery], delivery: PaymentwallDelivery) -> ApiError:
    def redact(text: str) -> str:
        return without(text, call.secrets)

    message = "; ".join(filter(None, (delivery.error, *delivery.notices)))
    error = DeliveryRefusedError(
        f"Paymentwall refused it with {delivery.error_code}: {printable(message, redact)}",
        status=200,
        code=0,
        message=redact(message),
    )
    error.error_code = delivery.error_code
    error.notices = tuple(redact(notice) for notice in delivery.notices)
    return about(call, error)
