"""``client.naver``: product orders, points, reviews and cash amounts of Naver Pay.

API: https://developers.portone.io/api/rest-v1/naver
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import NoneType
from typing import Any, Literal

from portone_async.call import Call, Caller, Failure, QueryValue, Repeat
from portone_async.errors import ApiError, InvalidRequestError
from portone_async.models.naver import NaverCashAmount, NaverProductOrder, NaverReview
from portone_async.resources._confidential import confidential, secrets_in
from portone_async.resources._request import json_body, path_value, unix_seconds
from portone_async.resources._settle import send_once, verdict

from ._claims import Claims
from ._engine import product_orders_call
from ._errors import NaverNotFoundError, ProductOrdersRefusedError, classify
from ._shipping import Shipping
from ._words import ALL, Every

__all__ = ("ALL", "Every", "Naver", "NaverNotFoundError", "ProductOrdersRefusedError")


class Naver(Claims, Shipping):
    """The operations of Naver Pay.

    Payments of the order type (``naverco``) have product orders; points, confirmations and cash
    amounts are for those of the payment type (``naverpay``).

    An operation on product orders reads them first and sends only those that are not yet in the
    wanted state. ``ALL`` is every product order of the payment; PortOne itself takes a request
    without ids for that, so none is sent without.
    """

    def __init__(self, client: Caller) -> None:
        self._client = client

    async def product_orders(self, imp_uid: str) -> list[NaverProductOrder]:
        """List the product orders of a payment.

        Args:
            imp_uid: PortOne's id of the payment.

        Raises:
            NaverNotFoundError: PortOne reports that there is no such payment.
            InvalidRequestError: The id cannot be part of a path; nothing was sent.
            PortOneError: The call failed.

        Source: ``GET /payments/{imp_uid}/naver/product-orders``.
        """
        return await self._client.call(product_orders_call(imp_uid))

    async def product_order(self, product_order_id: str) -> NaverProductOrder:
        """Return a product order.

        Args:
            product_order_id: Naver's number of it.

        Raises:
            NaverNotFoundError: PortOne reports that there is none.
            InvalidRequestError: The id cannot be part of a path; nothing was sent.
            PortOneError: The call failed.

        Source: ``GET /naver/product-orders/{product_order_id}``.
        """
        path = {"product_order_id": path_value("product_order_id", product_order_id)}

        def check(order: NaverProductOrder) -> str | None:
            is_same = order.product_order_id == product_order_id
            return None if is_same else "PortOne answered with another product order"

        return await self._client.call(
            Call(
                "GET",
                "/naver/product-orders/{product_order_id}",
                NaverProductOrder,
                path=path,
                identifiers=path,
                check=check,
                classify=classify,
                repeat=Repeat.READ,
            )
        )

    async def reviews(
        self,
        *,
        channel_key: str,
        since: datetime,
        until: datetime,
        review_type: Literal["general", "premium"] | str,
    ) -> list[NaverReview]:
        """List the reviews of a period.

        PortOne does not document the longest period (``doctor``: ``naver-review-period``), so it is
        not split.

        Args:
            channel_key: The channel, as ``client.account.pg_settings()`` lists it.
            since: The start, included, with a time zone.
            until: The end, not included, with a time zone.
            review_type: ``general`` or ``premium``.

        Raises:
            InvalidRequestError: The period is empty, or a time has no zone; nothing was sent.
            PortOneError: The call failed.

        Source: ``GET /naver/reviews``.
        """
        first, end = _ceil("since", since), _ceil("until", until)
        if first >= end:
            raise InvalidRequestError("until must be after since")
        query: dict[str, QueryValue] = {
            "channel_key": channel_key,
            "from": first,
            "to": end,
            "review_type": review_type,
        }
        return await self._client.call(
            Call("GET", "/naver/reviews", list[NaverReview], query=query, repeat=Repeat.READ)
        )

    async def cash_amount(self, imp_uid: str) -> NaverCashAmount:
        """Return the amount of a payment for which a cash receipt may be issued.

        Args:
            imp_uid: PortOne's id of the payment.

        Raises:
            ApiError: PortOne refused it: 400 for a payment that is not of the payment type.
            InvalidRequestError: The id cannot be part of a path; nothing was sent.
            PortOneError: The call failed.

        Source: ``GET /payments/{imp_uid}/naver/cash-amount``.
        """
        path = {"imp_uid": path_value("imp_uid", imp_uid)}
        return await self._client.call(
            Call(
                "GET",
                "/payments/{imp_uid}/naver/cash-amount",
                NaverCashAmount,
                path=path,
                identifiers=path,
                classify=classify,
                repeat=Repeat.READ,
            )
        )

    @confidential()
    async def give_points(
        self, imp_uid: str, *, extra_body: Mapping[str, Any] | None = None
    ) -> None:
        """Credit the Naver points of a payment to the buyer.

        What a second call does is not documented. ``doctor`` cannot check it, since nothing shows
        whether points were credited: it is sent once.

        Args:
            imp_uid: PortOne's id of the payment.
            extra_body: Parameters, for those that PortOne adds.

        Raises:
            NaverNotFoundError: PortOne reports that there is no such payment.
            ApiError: Naver refused it; ``message`` tells why.
            OutcomeUnknownError: The answer was lost.
            InvalidRequestError: The id cannot be part of a path; nothing was sent.
            PortOneError: The call failed.

        Source: ``POST /payments/{imp_uid}/naver/point``.
        """
        await self._send_once("point", imp_uid, json_body(extra_body))

    @confidential()
    async def confirm(
        self,
        imp_uid: str,
        *,
        requester: Literal["admin", "customer"] | str | None = None,
        extra_body: Mapping[str, Any] | None = None,
    ) -> None:
        """Confirm the purchase of an escrow payment.

        Nothing shows afterwards whether it is confirmed, so it is sent once.

        Args:
            imp_uid: PortOne's id of the payment.
            requester: ``customer`` or ``admin``, which is PortOne's default.
            extra_body: Parameters that this package does not know.

        Raises:
            NaverNotFoundError: PortOne reports that there is no such payment.
            ApiError: Naver refused it; ``message`` tells why.
            OutcomeUnknownError: The answer was lost.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: The call failed.

        Source: ``POST /payments/{imp_uid}/naver/confirm``.
        """
        await self._send_once("confirm", imp_uid, json_body(extra_body, requester=requester))

    async def _send_once(self, name: str, imp_uid: str, body: Mapping[str, Any]) -> None:
        path = {"imp_uid": path_value("imp_uid", imp_uid)}
        call = Call(
            "POST",
            f"/payments/{{imp_uid}}/naver/{name}",
            NoneType,
            path=path,
            body=body,
            identifiers=path,
            classify=_classify,
            repeat=Repeat.UNSAFE,
            secrets=secrets_in(body),
        )
        await send_once(lambda: self._client.call(call))


def _classify(failure: Failure) -> type[ApiError] | None:
    return classify(failure) or verdict(failure)


def _ceil(name: str, time: datetime) -> int:
    """Return a time in whole Unix seconds, rounded up: reviews have whole seconds."""
    return unix_seconds(name, time) + (1 if time.microsecond else 0)
