"""``client.cash_receipts``: receipts for payments, and for money taken outside PortOne.

API: https://developers.portone.io/api/rest-v1/receipt
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from portone_async.call import Caller, Repeat
from portone_async.models.cash_receipts import ExternalReceipt, Receipt
from portone_async.resources._confidential import confidential
from portone_async.resources._request import (
    Money,
    json_body,
    optional_money,
    positive_money,
    require_parts,
)

from ._calls import EXTERNAL, PAYMENT, ReceiptNotFoundError, receipt_call
from ._engine import ReceiptIssuedError, cancel_once, issue_once

__all__ = ("CashReceipts", "ReceiptIssuedError", "ReceiptNotFoundError")


class CashReceipts:
    """The operations of ``/receipts``.

    PortOne refuses a second receipt, and a look-up decides what became of a lost answer: so each
    method is safe to repeat. A receipt does not name the person, so that a receipt for another
    ``identifier`` cannot be told apart.
    """

    def __init__(self, client: Caller) -> None:
        self._client = client

    # Receipts of payments

    async def get(self, imp_uid: str) -> Receipt:
        """Return the receipt of a payment. A revoked one has ``cancelled_at``.

        Args:
            imp_uid: The payment.

        Raises:
            ReceiptNotFoundError: PortOne reports that there is none, or no such payment.
            InvalidRequestError: The id cannot be part of a path; nothing was sent.
            PortOneError: The call failed; whether there is one is unknown.

        Source: ``GET /receipts/{imp_uid}``.
        """
        return await self._client.call(receipt_call("GET", PAYMENT, Receipt, imp_uid, Repeat.READ))

    @confidential()
    async def issue(
        self,
        imp_uid: str,
        *,
        identifier: str,
        identifier_type: Literal["person", "business", "phone", "taxcard"] | str | None = None,
        type: Literal["person", "company"] | str | None = None,  # noqa: A002 (the API's name)
        product_type: Literal["real", "digital"] | str | None = None,
        company_tel: str | None = None,
        company_name: str | None = None,
        corp_reg_no: str | None = None,
        buyer_name: str | None = None,
        buyer_email: str | None = None,
        buyer_tel: str | None = None,
        tax_free: Money | None = None,
        vat_amount: Money | None = None,
        extra_body: Mapping[str, Any] | None = None,
        settle: float = 90,
    ) -> Receipt:
        """Issue a receipt for the balance of a paid transfer or virtual account.

        If it is refused with 400, or if the response is lost, the receipt is looked up: a valid one
        of the same type and VAT is a success, and after a lost answer without a receipt the
        request is sent again.

        Args:
            imp_uid: The payment.
            identifier: The phone, resident, business or receipt-card number.
            identifier_type: Which of them: ``phone``, ``person``, ``business`` or ``taxcard``
                (kicc, settle, nice_v2).
            type: ``person`` (PortOne's default) or ``company``.
            product_type: ``real`` or ``digital`` (ksnet).
            company_tel: The shop's (daou).
            company_name: The shop's (daou).
            corp_reg_no: The shop's business number (daou, welcome).
            buyer_name: The buyer's name.
            buyer_email: The buyer's e-mail address.
            buyer_tel: The buyer's phone number.
            tax_free: The tax-free part, KRW.
            vat_amount: The VAT part, KRW; without it PortOne computes it.
            extra_body: Parameters that this package does not know, such as the deprecated ``vat``.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            ReceiptIssuedError: There is another receipt, or a revoked one.
            OutcomeUnknownError: The answer was lost, and no look-up was definite.
            InvalidRequestError: An argument can never be right; nothing was sent.
            ApiError: It was refused: 400 (not paid, a parameter is missing), 500 (by the PG) or
                501 (PortOne does not support this PG). Nothing was issued.
            PortOneError: The call failed.

        Source: ``POST /receipts/{imp_uid}``.
        """
        vat = optional_money("vat_amount", vat_amount)
        body = json_body(
            extra_body,
            identifier=identifier,
            identifier_type=identifier_type,
            type=type,
            product_type=product_type,
            company_tel=company_tel,
            company_name=company_name,
            corp_reg_no=corp_reg_no,
            buyer_name=buyer_name,
            buyer_email=buyer_email,
            buyer_tel=buyer_tel,
            tax_free=optional_money("tax_free", tax_free),
            vat_amount=vat,
        )
        call = receipt_call("POST", PAYMENT, Receipt, imp_uid, Repeat.GUARDED, body=body)
        expected = {"type": type or "person", "vat": vat}
        return await issue_once(
            self._client, call, lambda: self.get(imp_uid), expected, seconds=settle
        )

    async def cancel(self, imp_uid: str, *, settle: float = 90) -> Receipt:
        """Revoke the receipt of a payment. One that is revoked already is a success.

        Some PGs (smartro_v2, ksnet) do not revoke it with the payment.

        Args:
            imp_uid: The payment.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            ReceiptNotFoundError: It was never issued through PortOne.
            OutcomeUnknownError: The answer was lost, and no look-up was definite.
            InvalidRequestError: An argument can never be right; nothing was sent.
            ApiError: It was refused: 500 (by the PG) or 501 (PortOne does not support this PG).
            PortOneError: The call failed.

        What PortOne answers to a repetition is not documented, and ``doctor`` cannot check it.

        Source: ``DELETE /receipts/{imp_uid}``.
        """
        call = receipt_call("DELETE", PAYMENT, Receipt, imp_uid, Repeat.GUARDED)
        return await cancel_once(self._client, call, lambda: self.get(imp_uid), seconds=settle)

    # Receipts of other money

    async def get_external(self, merchant_uid: str) -> ExternalReceipt:
        """Return a receipt for money that was taken outside PortOne.

        Args:
            merchant_uid: The shop's order number, without a slash.

        Raises:
            ReceiptNotFoundError: PortOne reports that there is none.
            InvalidRequestError: The number cannot be part of a path; nothing was sent.
            PortOneError: The call failed; whether there is one is unknown.

        Source: ``GET /receipts/external/{merchant_uid}``.
        """
        return await self._client.call(
            receipt_call("GET", EXTERNAL, ExternalReceipt, merchant_uid, Repeat.READ)
        )

    @confidential()
    async def issue_external(
        self,
        merchant_uid: str,
        *,
        channel_key: str,
        name: str,
        amount: Money,
        identifier: str,
        identifier_type: Literal["person", "business", "phone", "taxcard"] | str | None = None,
        type: Literal["person", "company"] | str | None = None,  # noqa: A002 (the API's name)
        product_type: Literal["real", "digital"] | str | None = None,
        buyer_name: str | None = None,
        buyer_email: str | None = None,
        buyer_tel: str | None = None,
        tax_free: Money | None = None,
        vat_amount: Money | None = None,
        corp_reg_no: str | None = None,
        pay_method: Literal["trans", "vbank"] | str | None = None,
        extra_body: Mapping[str, Any] | None = None,
        settle: float = 90,
    ) -> ExternalReceipt:
        """Issue a receipt for money that was taken outside PortOne.

        The order number identifies it: PortOne refuses a second receipt with 400. Then, or if the
        response is lost, it is looked up: a valid one of the same amount, type and VAT is a
        success, and after a lost answer without a receipt the request is sent again.

        Args:
            merchant_uid: The shop's order number, without a slash; smartro_v2 takes no special
                characters.
            channel_key: The channel of the console.
            name: The name of the goods.
            amount: KRW.
            identifier: The phone, resident, business or receipt-card number.
            identifier_type: Which of them: ``phone``, ``person``, ``business`` or ``taxcard``
                (kicc, settle, nice_v2).
            type: ``person`` (PortOne's default) or ``company``.
            product_type: ``real`` or ``digital`` (ksnet).
            buyer_name: The buyer's name.
            buyer_email: The buyer's e-mail address.
            buyer_tel: The buyer's phone number.
            tax_free: The tax-free part of ``amount``.
            vat_amount: The VAT part of ``amount``; without it PortOne computes it.
            corp_reg_no: The shop's business number (welcome).
            pay_method: ``trans`` or ``vbank`` (welcome).
            extra_body: Parameters that this package does not know.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            ReceiptIssuedError: There is another receipt, or a revoked one.
            OutcomeUnknownError: The answer was lost, and no look-up was definite.
            InvalidRequestError: An argument can never be right; nothing was sent.
            ApiError: It was refused: 400, 500 (by the PG) or 501 (PortOne does not support this
                PG). Nothing was issued.
            PortOneError: The call failed.

        Source: ``POST /receipts/external/{merchant_uid}``.
        """
        exact = positive_money("amount", amount)
        free = optional_money("tax_free", tax_free)
        vat = optional_money("vat_amount", vat_amount)
        require_parts(exact, free, vat)
        body = json_body(
            extra_body,
            channel_key=channel_key,
            name=name,
            amount=exact,
            identifier=identifier,
            identifier_type=identifier_type,
            type=type,
            product_type=product_type,
            buyer_name=buyer_name,
            buyer_email=buyer_email,
            buyer_tel=buyer_tel,
            tax_free=free,
            vat_amount=vat,
            corp_reg_no=corp_reg_no,
            pay_method=pay_method,
        )
        call = receipt_call(
            "POST", EXTERNAL, ExternalReceipt, merchant_uid, Repeat.GUARDED, body=body
        )
        expected = {"type": type or "person", "vat": vat, "amount": exact}
        return await issue_once(
            self._client, call, lambda: self.get_external(merchant_uid), expected, seconds=settle
        )

    async def cancel_external(self, merchant_uid: str, *, settle: float = 90) -> ExternalReceipt:
        """Revoke a receipt for other money. One that is revoked already is a success.

        Args:
            merchant_uid: The order number under which it was issued.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            ReceiptNotFoundError: It was never issued through PortOne.
            OutcomeUnknownError: The answer was lost, and no look-up was definite.
            InvalidRequestError: An argument can never be right; nothing was sent.
            ApiError: It was refused: 500 (by the PG) or 501 (PortOne does not support this PG).
            PortOneError: The call failed.

        What PortOne answers to a repetition is not documented, and ``doctor`` cannot check it.

        Source: ``DELETE /receipts/external/{merchant_uid}``.
        """
        call = receipt_call("DELETE", EXTERNAL, ExternalReceipt, merchant_uid, Repeat.GUARDED)
        return await cancel_once(
            self._client, call, lambda: self.get_external(merchant_uid), seconds=settle
        )
