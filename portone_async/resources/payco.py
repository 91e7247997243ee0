"""``client.payco``: the order states of PAYCO.

API: https://developers.portone.io/api/rest-v1/payco
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from portone_async.call import Call, Caller, Repeat
from portone_async.models.payco import PaycoStatus

from ._confidential import confidential, secrets_in
from ._request import json_body, path_value

__all__ = ("Payco",)


class Payco:
    """The operation of ``/payco``."""

    def __init__(self, client: Caller) -> None:
        self._client = client

    @confidential()
    async def set_order_status(
        self,
        imp_uid: str,
        *,
        status: Literal["DELIVERY_START", "PURCHASE_DECISION", "CANCELED"] | str,
        extra_body: Mapping[str, Any] | None = None,
    ) -> PaycoStatus:
        """Set the state of a PAYCO order. It sets the same state again after a lost answer.

        What PortOne answers to a state that the order has already is not documented, nor whether
        ``CANCELED`` refunds anything, and ``doctor`` cannot check that: refund with
        ``client.payments.cancel()``.

        Args:
            imp_uid: PortOne's id of the payment.
            status: ``DELIVERY_START``, ``PURCHASE_DECISION`` or ``CANCELED``.
            extra_body: Parameters that this package does not know.

        Raises:
            ApiError: PortOne refused it, as an unknown state.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: The call failed.

        Source: ``POST /payco/orders/status/{imp_uid}``.
        """
        path = {"imp_uid": path_value("imp_uid", imp_uid)}
        body = json_body(extra_body, status=status)
        return await self._client.call(
            Call(
                "POST",
                "/payco/orders/status/{imp_uid}",
                PaycoStatus,
                path=path,
                body=body,
                identifiers=path,
                repeat=Repeat.SET,
                secrets=secrets_in(body),
            )
        )
