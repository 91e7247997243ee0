"""Order states of PAYCO."""

from __future__ import annotations

from collections.abc import Mapping

from portone_async.testing.account import Account
from portone_async.testing.parameters import Parameters, refusing
from portone_async.testing.reply import Reply, envelope, failure
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Route

from .payments import Payments, payment_not_found

_SETTABLE = ("DELIVERY_START", "PURCHASE_DECISION", "CANCELED")
# As PAYCO lists them in its refusal, with its spelling.
_KNOWN = (
    "PAYMENT_WAITNG,PAYED,DELIVERY_READY,DELIVERY_START,DELIVERING,DELIVERY_COMPLETE,"
    "CANCEL_REQUEST,EXCHANGE_WAIT,EXCHANGE_COMPLETE,RETURN_WAIT,RETURN_COMPLETE,"
    "PURCHASE_DECISION,OUTSELLER_REFUND,CANCELED"
)


def set_status(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
    parameters = Parameters.of(request)
    parameters.require("status")
    status = parameters.text("status")
    if account.state(Payments).get(path["imp_uid"]) is None:
        # Not documented: the message follows that of the look-up.
        return payment_not_found()
    if status not in _SETTABLE:
        # The text is real; the status 400 is assumed.
        return failure(
            400,
            "파라미터 정보가 유효하지 않습니다. orderProductStatus field reject, "
            f"expected OrderProductStatusType{{{_KNOWN}}}, but [{status}]",
        )
    # Whether CANCELED refunds is not documented: here it does not.
    return envelope({"status": status})


ROUTES = (Route("POST", "/payco/orders/status/{imp_uid}", refusing(set_status)),)
