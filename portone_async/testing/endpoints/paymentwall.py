"""Deliveries that are reported to Paymentwall."""

from __future__ import annotations

from collections.abc import Mapping

from portone_async.testing.account import Account
from portone_async.testing.parameters import Parameters, refusing
from portone_async.testing.reply import Reply, envelope
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Route

from .payments import Payments, payment_not_found

_REQUIRED = (
    "imp_uid",
    "merchant_uid",
    "type",
    "status",
    "estimated_delivery_datetime",
    "estimated_update_datetime",
    "refundable",
    "shipping_address_email",
)
_OF_PHYSICAL_GOODS = (
    "carrier_tracking_id",
    "carrier_type",
    "shipping_address_country",
    "shipping_address_city",
    "shipping_address_zip",
    "shipping_address_state",
    "shipping_address_street",
    "shipping_address_phone",
    "shipping_address_firstname",
    "shipping_address_lastname",
)
_STATUSES = ("order_placed", "order_shipped", "delivering", "delivered")


def register_delivery(account: Account, request: RecordedRequest, _: Mapping[str, str]) -> Reply:
    parameters = Parameters.of(request)
    parameters.require(*_REQUIRED)
    kind = parameters.text("type", words=("physical", "digital"))
    parameters.text("status", words=_STATUSES)
    parameters.text("refundable", words=("yes", "no"))
    parameters.time("estimated_delivery_datetime")
    parameters.time("estimated_update_datetime")
    payment = account.state(Payments).get(parameters.text("imp_uid") or "")
    if payment is None or payment.merchant_uid != parameters.text("merchant_uid"):
        # Not documented: the message follows that of the look-up.
        return payment_not_found()
    absent = [name for name in _OF_PHYSICAL_GOODS if not parameters.text(name)]
    if kind == "physical" and absent:
        # Code and texts are invented; that a failure comes with code 0 is documented.
        notices = [f"{name} is required" for name in absent]
        return envelope({"error_code": 3, "error": "Invalid delivery data", "notices": notices})
    return envelope({"success": 1})


ROUTES = (Route("POST", "/paymentwall/delivery", refusing(register_delivery)),)
