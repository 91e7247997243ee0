"""The calls of ``/receipts``. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

from portone_async.call import Call, Failure, Repeat
from portone_async.errors import ApiError, NotFoundError
from portone_async.models.cash_receipts import ExternalReceipt, Receipt
from portone_async.resources._confidential import secrets_in
from portone_async.resources._request import path_value
from portone_async.resources._settle import verdict

__all__ = ("EXTERNAL", "PAYMENT", "ReceiptNotFoundError", "receipt_call")

R = TypeVar("R", Receipt, ExternalReceipt)

PAYMENT = "/receipts/{imp_uid}"
EXTERNAL = "/receipts/external/{merchant_uid}"
# The text that PortOne's pages print for a receipt that was never issued; its status is that of
# the reference, and its code that of the pages.
_NEVER_ISSUED = "현금영수증을 발급 한 내역이 존재하지"


class ReceiptNotFoundError(NotFoundError):
    """PortOne reports that no receipt was issued through it; for a payment, also that it has none."""

    advice = "Issue it first. A receipt that the PG issued by itself may not be known to PortOne."


def receipt_call(
    method: str,
    route: str,
    response: type[R],
    uid: str,
    repeat: Repeat,
    *,
    body: Mapping[str, Any] | None = None,
) -> Call[R]:
    """Make a call about one receipt."""
    name = "imp_uid" if response is Receipt else "merchant_uid"
    path = {name: path_value(name, uid)}

    def check(receipt: R) -> str | None:
        is_right = getattr(receipt, name) == uid
        return None if is_right else f"PortOne answered with a receipt of another {name}"

    return Call(
        method,
        route,
        response,
        path=path,
        body=body,
        identifiers=path,
        check=check,
        classify=_classify,
        repeat=repeat,
        secrets=secrets_in(body, "company_name", "corp_reg_no"),
    )


def _classify(failure: Failure) -> type[ApiError] | None:
    is_named = _NEVER_ISSUED in (failure.message or "") and failure.status in (200, 404)
    # A gateway's 404 in JSON has another code.
    if is_named or (failure.status == 404 and failure.code in (-1, 1)):
        return ReceiptNotFoundError
    return verdict(failure)
