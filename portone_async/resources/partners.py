"""``client.partners``: parts of sub-shops in the receipts of KG Inicis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from msgspec import structs

from portone_async._redact import SecretDict, SecretList
from portone_async.call import Call, Caller, Failure, Repeat
from portone_async.errors import ApiError, InvalidRequestError, NotFoundError
from portone_async.models.partners import PartnerReceipt, PartnerReceiptResult

from ._confidential import confidential, secrets_in
from ._request import exact_number, json_body, money, path_value
from ._settle import send_once, verdict

__all__ = ("PartnerPaymentNotFoundError", "Partners")

_AMOUNTS = ("amount", "tax_free", "vat_amount")
_REQUIRED = ("business_registration_number", "company_name", "amount")


class PartnerPaymentNotFoundError(NotFoundError):
    """PortOne reports that the payment, or the channel that it was made in, does not exist."""

    advice = "Check imp_uid, and in the console that the payment's channel still exists."


class Partners:
    """The operation of ``/partners``."""

    def __init__(self, client: Caller) -> None:
        self._client = client

    @confidential()
    async def issue_receipt(
        self,
        imp_uid: str,
        *,
        data: Sequence[PartnerReceipt | Mapping[str, Any]],
        extra_body: Mapping[str, Any] | None = None,
    ) -> PartnerReceiptResult:
        """Add the parts of sub-shops to the receipt of a payment of KG Inicis (``html5_inicis``).

        The console must have the INIAPI key. What a second call for the same payment does is not
        documented. ``doctor`` cannot check it, since nothing can be looked up: the client never
        sends it again.

        Args:
            imp_uid: PortOne's id of the payment.
            data: The part of each sub-shop.
            extra_body: Parameters that this package does not know.

        Raises:
            PartnerPaymentNotFoundError: PortOne reports that the payment or its channel is missing.
            ApiError: PortOne or KG Inicis refused it; 501 for another PG.
            OutcomeUnknownError: The answer was lost.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: The call failed.

        Source: ``POST /partners/receipts/{imp_uid}``.
        """
        path = {"imp_uid": path_value("imp_uid", imp_uid)}
        body = json_body(extra_body, data=_parts(data))
        call = Call(
            "POST",
            "/partners/receipts/{imp_uid}",
            PartnerReceiptResult,
            path=path,
            body=body,
            identifiers=path,
            classify=_classify,
            repeat=Repeat.UNSAFE,
            secrets=secrets_in(body),
        )
        return await send_once(lambda: self._client.call(call))


def _parts(data: Any) -> SecretList:
    """Return parts with exact amounts.

    Raises:
        InvalidRequestError: There is none, or one lacks a field or has no exact amount.
    """
    if not isinstance(data, list) or not data:
        raise InvalidRequestError("data must be a list of parts, and not empty")
    return SecretList(_part(f"data[{index}]", part) for index, part in enumerate(data))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] (any JSON)


def _part(name: str, part: Any) -> SecretDict:
    if isinstance(part, PartnerReceipt):
        part = SecretDict(structs.asdict(part))
    if not isinstance(part, Mapping):
        raise InvalidRequestError(f"{name} must be a PartnerReceipt or a dict")
    fields = json_body(cast("Mapping[str, Any]", part))
    absent = [field for field in _REQUIRED if fields.get(field) is None]
    if absent:
        raise InvalidRequestError(f"{name} needs {', '.join(absent)}")
    for field in _AMOUNTS:
        if fields.get(field) is None:
            fields.pop(field, None)
        else:
            fields[field] = exact_number(money(f"{name}.{field}", fields[field]))
    return fields


def _classify(failure: Failure) -> type[ApiError] | None:
    return PartnerPaymentNotFoundError if failure.status == 404 else verdict(failure)
