"""Confirmation and shipping of product orders, and exchanges."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from portone_async.call import Caller
from portone_async.models.naver import NaverProductOrder
from portone_async.resources._confidential import confidential
from portone_async.resources._request import json_body, unix_seconds
from portone_async.resources._settle import validate_settle

from ._actions import COLLECT_EXCHANGED, PLACE, SHIP, SHIP_EXCHANGED
from ._engine import carry_out
from ._words import Courier, ProductOrderIds, ShippingMethod, validate_delivery, validate_ids

__all__ = ("Shipping",)


class Shipping:
    """The operations that bring a product order to the buyer."""

    _client: Caller

    @confidential()
    async def place(
        self,
        imp_uid: str,
        *,
        product_order_id: ProductOrderIds,
        extra_body: Mapping[str, Any] | None = None,
    ) -> list[NaverProductOrder]:
        """Confirm product orders to the buyer: the shop starts to prepare them.

        Nothing shows afterwards whether a product order is confirmed, so it is sent once.

        Args:
            imp_uid: PortOne's id of the payment.
            product_order_id: Product orders of it, or ``ALL``.
            extra_body: Parameters that this package does not know.

        Raises:
            ProductOrdersRefusedError: Naver refused some or all.
            NaverNotFoundError: PortOne reports that there is no such payment.
            OutcomeUnknownError: The answer was lost.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: The call failed.

        Source: ``POST /payments/{imp_uid}/naver/place``.
        """
        body = json_body(extra_body, product_order_id=None)
        return await carry_out(self._client, PLACE, imp_uid, validate_ids(product_order_id), body)

    @confidential()
    async def ship(
        self,
        imp_uid: str,
        *,
        product_order_id: ProductOrderIds,
        delivery_method: ShippingMethod | str,
        dispatched_at: datetime,
        delivery_company: Courier | str | None = None,
        tracking_number: str | None = None,
        extra_body: Mapping[str, Any] | None = None,
        settle: float = 90,
    ) -> list[NaverProductOrder]:
        """Report product orders as shipped.

        Those that are shipped already are returned, and not sent: their tracking number stays.

        Args:
            imp_uid: PortOne's id of the payment.
            product_order_id: Product orders of it, or ``ALL``.
            delivery_method: ``DELIVERY`` needs the courier and the tracking number.
            dispatched_at: When they were shipped.
            delivery_company: The courier's code, as in ``EPOST``.
            tracking_number: The courier's number.
            extra_body: Parameters that this package does not know.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            ProductOrdersRefusedError: Naver refused some or all.
            NaverNotFoundError: PortOne reports that there is no such payment.
            OutcomeUnknownError: The answer was lost, and no look-up was definite.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: The call failed.

        Source: ``POST /payments/{imp_uid}/naver/ship``.
        """
        body = json_body(
            extra_body,
            product_order_id=None,
            delivery_method=delivery_method,
            dispatched_at=unix_seconds("dispatched_at", dispatched_at),
            delivery_company=delivery_company,
            tracking_number=tracking_number,
        )
        validate_delivery(body, "DELIVERY")
        ids, seconds = validate_ids(product_order_id), validate_settle(settle)
        return await carry_out(self._client, SHIP, imp_uid, ids, body, seconds=seconds)

    @confidential()
    async def ship_exchanged(
        self,
        imp_uid: str,
        *,
        product_order_id: ProductOrderIds,
        delivery_method: ShippingMethod | str,
        delivery_company: Courier | str | None = None,
        tracking_number: str | None = None,
        extra_body: Mapping[str, Any] | None = None,
        settle: float = 90,
    ) -> list[NaverProductOrder]:
        """Report the replacements of exchanged product orders as shipped.

        Args:
            imp_uid: PortOne's id of the payment.
            product_order_id: Product orders of it, or ``ALL``.
            delivery_method: ``DELIVERY`` needs the courier and the tracking number.
            delivery_company: The courier's code, as in ``EPOST``.
            tracking_number: The courier's number.
            extra_body: Parameters that this package does not know.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            PortOneError: As for :meth:`ship`.

        Source: ``POST /payments/{imp_uid}/naver/ship-exchanged``.
        """
        body = json_body(
            extra_body,
            product_order_id=None,
            delivery_method=delivery_method,
            delivery_company=delivery_company,
            tracking_number=tracking_number,
        )
        validate_delivery(body, "DELIVERY")
        ids, seconds = validate_ids(product_order_id), validate_settle(settle)
        return await carry_out(self._client, SHIP_EXCHANGED, imp_uid, ids, body, seconds=seconds)

    @confidential()
    async def collect_exchanged(
        self,
        imp_uid: str,
        *,
        product_order_id: ProductOrderIds,
        extra_body: Mapping[str, Any] | None = None,
        settle: float = 90,
    ) -> list[NaverProductOrder]:
        """Report the goods of exchanged product orders as collected from the buyer.

        Args:
            imp_uid: PortOne's id of the payment.
            product_order_id: Product orders of it, or ``ALL``.
            extra_body: Parameters that this package does not know.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            PortOneError: As for :meth:`ship`.

        Source: ``POST /payments/{imp_uid}/naver/collect-exchanged``.
        """
        body = json_body(extra_body, product_order_id=None)
        ids, seconds = validate_ids(product_order_id), validate_settle(settle)
        return await carry_out(self._client, COLLECT_EXCHANGED, imp_uid, ids, body, seconds=seconds)
