"""``server.partners``: the parts of sub-shops in the receipts of KG Inicis."""

from __future__ import annotations

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from portone_async.testing.account import Account
from portone_async.testing.parameters import BadParameterError, Parameters, refusing
from portone_async.testing.reply import Reply, envelope, failure
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Route

from .payments import Payments, payment_not_found

__all__ = ("ROUTES", "Partners")


class Partners:
    """``server.partners``: the parts that were registered, by ``imp_uid``."""

    def __init__(self, _: Account) -> None:
        self.receipts: dict[str, list[Mapping[str, Any]]] = {}


def issue_receipt(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
    parts = _parts(Parameters.of(request))
    imp_uid = path["imp_uid"]
    payment = account.state(Payments).get(imp_uid)
    # PortOne documents these statuses, without their texts.
    if payment is None:
        return payment_not_found()
    if payment.record.get("pg_provider") != "html5_inicis":
        return failure(501, "현재 지원되지 않는 PG사입니다.")
    if payment.status != "paid":
        return failure(400, "승인된 결제건이 아닙니다.")
    # What a second call does is not documented: here it adds the parts once more.
    account.state(Partners).receipts.setdefault(imp_uid, []).extend(parts)
    return envelope({"receipt_url": f"https://receipt.example.com/{imp_uid}"})


def _parts(parameters: Parameters) -> list[Mapping[str, Any]]:
    """Return the parts in a request.

    Raises:
        BadParameterError: They are not as documented.
    """
    parameters.require("data")
    parts = parameters.array("data") or []
    if not parts:
        raise BadParameterError('["data"] 파라메터는 필수입니다.')
    for fields in parameters.objects("data"):
        fields.require("business_registration_number", "company_name", "amount")
        if not re.fullmatch(
            r"\d{3}-\d{2}-\d{5}", fields.text("business_registration_number") or ""
        ):
            raise BadParameterError('["business_registration_number"] 형식이 올바르지 않습니다.')
        fields.text("company_name")
        for name in ("amount", "tax_free", "vat_amount"):
            if (fields.money(name) or Decimal(0)) < 0:
                raise BadParameterError(f'["{name}"] 금액이 올바르지 않습니다.')
    return parts


ROUTES = (Route("POST", "/partners/receipts/{imp_uid}", refusing(issue_receipt)),)
