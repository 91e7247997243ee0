"""Cancels and returns of product orders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from portone_async.call import Caller
from portone_async.models.naver import NaverProductOrder
from portone_async.resources._confidential import confidential
from portone_async.resources._request import Money, json_body, optional_money
from portone_async.resources._settle import validate_settle

from ._actions import (
    APPROVE_CANCEL,
    APPROVE_RETURN,
    CANCEL,
    REJECT_RETURN,
    REQUEST_RETURN,
    RESOLVE_RETURN,
    WITHHOLD_RETURN,
)
from ._engine import carry_out
from ._words import (
    CANCEL_REASONS,
    RETURN_REASONS,
    WITHHOLD_REASONS,
    CancelReason,
    Courier,
    ProductOrderIds,
    ReturnReason,
    WithholdReason,
    reason_parameter,
    validate_delivery,
    validate_ids,
)

__all__ = ("Claims",)


class Claims:
    """The operations that refund a product order, or take it back."""

    _client: Caller

    @confidential("reason")
    async def cancel(
        self,
        imp_uid: str,
        *,
        product_order_id: ProductOrderIds,
        reason: CancelReason | str | None = None,
        extra_body: Mapping[str, Any] | None = None,
        settle: float = 90,
    ) -> list[NaverProductOrder]:
        """Cancel and refund product orders, each at most once.

        Product orders that are cancelled already are returned, and not sent.

        Args:
            imp_uid: PortOne's id of the payment.
            product_order_id: Product orders of it, or ``ALL``.
            reason: Naver's default is ``PRODUCT_UNSATISFIED``.
            extra_body: Parameters that this package does not know.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            ProductOrdersRefusedError: Naver refused some or all.
            NaverNotFoundError: PortOne reports that there is no such payment.
            OutcomeUnknownError: The answer was lost, and no look-up was definite.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: The call failed.

        Source: ``POST /payments/{imp_uid}/naver/cancel``.
        """
        body = json_body(
            extra_body, product_order_id=None, **reason_parameter(reason, CANCEL_REASONS)
        )
        ids, seconds = validate_ids(product_order_id), validate_settle(settle)
        return await carry_out(self._client, CANCEL, imp_uid, ids, body, seconds=seconds)

    @confidential()
    async def approve_cancel(
        self,
        imp_uid: str,
        *,
        product_order_id: ProductOrderIds,
        extra_body: Mapping[str, Any] | None = None,
        settle: float = 90,
    ) -> list[NaverProductOrder]:
        """Approve the buyer's cancel requests, which refunds the product orders.

        Only a product order with the ``claim_status`` ``CANCEL_REQUEST`` can be approved.

        Args:
            imp_uid: PortOne's id of the payment.
            product_order_id: Product orders of it, or ``ALL``.
            extra_body: Parameters that this package does not know.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            PortOneError: As for :meth:`cancel`.

        Source: ``POST /payments/{imp_uid}/naver/approve-cancel``.
        """
        body = json_body(extra_body, product_order_id=None)
        ids, seconds = validate_ids(product_order_id), validate_settle(settle)
        return await carry_out(self._client, APPROVE_CANCEL, imp_uid, ids, body, seconds=seconds)

    @confidential("reason")
    async def request_return(
        self,
        imp_uid: str,
        *,
        product_order_id: ProductOrderIds,
        delivery_method: Literal["RETURN_DESIGNATED", "RETURN_DELIVERY", "RETURN_INDIVIDUAL"] | str,
        reason: ReturnReason | str | None = None,
        delivery_company: Courier | str | None = None,
        tracking_number: str | None = None,
        extra_body: Mapping[str, Any] | None = None,
        settle: float = 90,
    ) -> list[NaverProductOrder]:
        """Request a return on behalf of the buyer.

        Args:
            imp_uid: PortOne's id of the payment.
            product_order_id: Product orders of it, or ``ALL``.
            delivery_method: How the goods come back. ``RETURN_DELIVERY`` needs the courier and
                the tracking number.
            reason: Naver's default is ``INTENT_CHANGED``.
            delivery_company: The courier's code, as in ``EPOST``.
            tracking_number: The courier's number.
            extra_body: Parameters that this package does not know.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            PortOneError: As for :meth:`cancel`.

        Source: ``POST /payments/{imp_uid}/naver/request-return``.
        """
        body = json_body(
            extra_body,
            product_order_id=None,
            delivery_method=delivery_method,
            delivery_company=delivery_company,
            tracking_number=tracking_number,
            **reason_parameter(reason, RETURN_REASONS),
        )
        validate_delivery(body, "RETURN_DELIVERY")
        ids, seconds = validate_ids(product_order_id), validate_settle(settle)
        return await carry_out(self._client, REQUEST_RETURN, imp_uid, ids, body, seconds=seconds)

    @confidential("memo")
    async def approve_return(
        self,
        imp_uid: str,
        *,
        product_order_id: ProductOrderIds,
        memo: str | None = None,
        extra_body: Mapping[str, Any] | None = None,
        settle: float = 90,
    ) -> list[NaverProductOrder]:
        """Approve returns, which refunds the product orders.

        Args:
            imp_uid: PortOne's id of the payment.
            product_order_id: Product orders of it, or ``ALL``.
            memo: A text for the buyer.
            extra_body: Parameters that this package does not know.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            PortOneError: As for :meth:`cancel`.

        Source: ``POST /payments/{imp_uid}/naver/approve-return``.
        """
        body = json_body(extra_body, product_order_id=None, memo=memo)
        ids, seconds = validate_ids(product_order_id), validate_settle(settle)
        return await carry_out(self._client, APPROVE_RETURN, imp_uid, ids, body, seconds=seconds)

    @confidential("memo")
    async def reject_return(
        self,
        imp_uid: str,
        *,
        product_order_id: ProductOrderIds,
        memo: str,
        extra_body: Mapping[str, Any] | None = None,
        settle: float = 90,
    ) -> list[NaverProductOrder]:
        """Reject returns.

        Args:
            imp_uid: PortOne's id of the payment.
            product_order_id: Product orders of it, or ``ALL``.
            memo: A text for the buyer.
            extra_body: Parameters that this package does not know.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            PortOneError: As for :meth:`cancel`.

        Source: ``POST /payments/{imp_uid}/naver/reject-return``.
        """
        body = json_body(extra_body, product_order_id=None, memo=memo)
        ids, seconds = validate_ids(product_order_id), validate_settle(settle)
        return await carry_out(self._client, REJECT_RETURN, imp_uid, ids, body, seconds=seconds)

    @confidential("memo", "reason")
    async def withhold_return(
        self,
        imp_uid: str,
        *,
        product_order_id: ProductOrderIds,
        memo: str,
        reason: WithholdReason | str | None = None,
        extra_charge: Money | None = None,
        extra_body: Mapping[str, Any] | None = None,
    ) -> list[NaverProductOrder]:
        """Hold returns back, as until the buyer has paid for the delivery.

        Nothing shows afterwards whether a return is held back, so it is sent once.

        Args:
            imp_uid: PortOne's id of the payment.
            product_order_id: Product orders of it, or ``ALL``.
            memo: A text for the buyer.
            reason: Naver's default is ``ETC``. ``EXTRAFEEE`` is spelled so.
            extra_charge: What the buyer must pay, in KRW; PortOne's default is 0.
            extra_body: Parameters that this package does not know.

        Raises:
            OutcomeUnknownError: The answer was lost.
            PortOneError: As for :meth:`cancel`.

        Source: ``POST /payments/{imp_uid}/naver/withhold-return``.
        """
        body = json_body(
            extra_body,
            product_order_id=None,
            memo=memo,
            extra_charge=optional_money("extra_charge", extra_charge),
            **reason_parameter(reason, WITHHOLD_REASONS),
        )
        ids = validate_ids(product_order_id)
        return await carry_out(self._client, WITHHOLD_RETURN, imp_uid, ids, body)

    @confidential()
    async def resolve_return(
        self,
        imp_uid: str,
        *,
        product_order_id: ProductOrderIds,
        extra_body: Mapping[str, Any] | None = None,
    ) -> list[NaverProductOrder]:
        """Stop holding returns back.

        Nothing shows afterwards whether a return is held back, so it is sent once.

        Args:
            imp_uid: PortOne's id of the payment.
            product_order_id: Product orders of it, or ``ALL``.
            extra_body: Parameters that this package does not know.

        Raises:
            OutcomeUnknownError: The answer was lost.
            PortOneError: As for :meth:`cancel`.

        Source: ``POST /payments/{imp_uid}/naver/resolve-return``.
        """
        body = json_body(extra_body, product_order_id=None)
        ids = validate_ids(product_order_id)
        return await carry_out(self._client, RESOLVE_RETURN, imp_uid, ids, body)
