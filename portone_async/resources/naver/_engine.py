"""Carry an operation out on product orders, on each at most once.

PortOne requests each product order at Naver by itself: all succeed (200), some (207) or none (500).
So the product orders are read first, only those without the wanted state are sent, by their ids,
and after a lost answer or a refusal they are read again.

Source: the operations ``POST /payments/{imp_uid}/naver/...`` of PortOne's V1 REST API.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any

from portone_async._redact import SecretDict
from portone_async.call import Call, Caller, Repeat
from portone_async.errors import (
    ApiError,
    OutcomeUnknownError,
    PortOneError,
    UnexpectedResponseError,
)
from portone_async.models.naver import NaverProductOrder
from portone_async.resources._about import about
from portone_async.resources._confidential import secrets_in
from portone_async.resources._request import path_value
from portone_async.resources._settle import send_once, settle

from ._actions import Action
from ._errors import ProductOrdersRefusedError, classify, classify_action

__all__ = ("carry_out", "product_orders_call")


def product_orders_call(imp_uid: str) -> Call[list[NaverProductOrder]]:
    """Return the call that lists the product orders of a payment."""
    path = {"imp_uid": path_value("imp_uid", imp_uid)}
    return Call(
        "GET",
        "/payments/{imp_uid}/naver/product-orders",
        list[NaverProductOrder],
        path=path,
        identifiers=path,
        classify=classify,
        repeat=Repeat.READ,
    )


async def carry_out(
    client: Caller,
    action: Action,
    imp_uid: str,
    ids: list[str] | None,
    body: Mapping[str, Any],
    *,
    seconds: float = 0.0,
) -> list[NaverProductOrder]:
    """Carry an operation out, and return the product orders afterwards.

    Args:
        client: Makes the calls.
        action: The operation.
        imp_uid: The payment.
        ids: The product orders; ``None`` for all.
        body: The other parameters.
        seconds: How long to look after a lost answer.

    Raises:
        ProductOrdersRefusedError: Naver refused some or all.
        OutcomeUnknownError: The answer was lost, and no look-up was definite.
        PortOneError: The call failed.
    """
    run = _Run(client, action, imp_uid, body)
    async with client.exclusive(f"product orders of {imp_uid}"):
        await run.begin(ids)
        if not action.is_visible:
            return await send_once(run.send)
        try:
            return await settle(run.send, run.look, seconds=seconds, resend=True)
        except OutcomeUnknownError:
            if run.refusal is None:
                raise
        # Sent again, it was refused, and no look-up shows that the first request came through.
        raise run.refusal.with_traceback(None)


class _Run:
    """One operation on the product orders of one payment, and what is known about them."""

    def __init__(
        self, client: Caller, action: Action, imp_uid: str, body: Mapping[str, Any]
    ) -> None:
        self._client = client
        self._action = action
        self._list_call = product_orders_call(imp_uid)
        self._imp_uid = imp_uid
        self._body = body
        self._ids: list[str] = []
        self._orders: dict[str, NaverProductOrder] = {}
        self._reported: set[str] = set()
        """Product orders that a response lists as carried out."""
        self.refusal: ProductOrdersRefusedError | None = None
        """The refusal of what was sent again."""
        self._is_open = False

    async def begin(self, ids: list[str] | None) -> None:
        """Read the product orders, where that is needed.

        Raises:
            InvalidRequestError: A parameter cannot be sent; nothing was sent.
            UnexpectedResponseError: All are meant, but none is listed.
        """
        self._call(ids or []).payload()
        if ids is None or self._action.is_visible:
            await self._read()
        self._ids = [*self._orders] if ids is None else ids
        if not self._ids:
            raise UnexpectedResponseError("PortOne lists no product order of this payment")

    async def send(self) -> list[NaverProductOrder]:
        """Send what is not carried out yet; return all product orders.

        Raises:
            ProductOrdersRefusedError: Some or all were refused, also after another look.
            PortOneError: The call failed, or its outcome is open.
        """
        pending = self._pending()
        if not pending:
            return self._result()
        refusal: ProductOrdersRefusedError | None = None
        ids = self._idle(pending)
        try:
            self._take(await self._client.call(self._call(ids)))
        except ProductOrdersRefusedError as error:
            refusal = error
        except ApiError as error:
            if error.status != 207:
                raise
            raise _open(error) from None
        return await self._result_or_refusal(refusal)

    async def look(self) -> list[NaverProductOrder] | None:
        """Read the product orders; return all once each is carried out."""
        self._is_open = True
        await self._read()
        pending = self._pending()
        if not pending:
            return self._result()
        if self.refusal is not None:
            raise self.refusal
        self._idle(pending)
        return None

    async def _result_or_refusal(
        self, refusal: ProductOrdersRefusedError | None
    ) -> list[NaverProductOrder]:
        """Return all product orders if each is carried out; read those again that are not."""
        if self._pending() and self._action.is_visible:
            with suppress(PortOneError):  # Then the response stands as it is.
                await self._read()
        pending = self._pending()
        if not pending:
            return self._result()
        error = refusal or self._partial()
        error.refused = tuple(self._idle(pending))
        error.succeeded = tuple(self._known(uid for uid in self._ids if uid not in pending))
        if self._is_open:
            self.refusal = error
        raise error

    def _partial(self) -> ProductOrdersRefusedError:
        error = ProductOrdersRefusedError(
            "Naver refused some of the product orders", status=207, code=0
        )
        return about(self._call(self._ids), error)

    async def _read(self) -> None:
        self._remember(await self._client.call(self._list_call))

    def _take(self, orders: list[NaverProductOrder]) -> None:
        """Store the product orders for which a response reports a success."""
        self._remember(orders)
        self._reported |= {order.product_order_id for order in orders}

    def _remember(self, orders: list[NaverProductOrder]) -> None:
        self._orders |= {order.product_order_id: order for order in orders}

    def _pending(self) -> list[str]:
        """List the product orders for which nothing shows that it was carried out."""
        return [
            uid
            for uid in self._ids
            if uid not in self._reported
            and not (uid in self._orders and self._action.is_done(self._orders[uid]))
        ]

    def _idle(self, pending: list[str]) -> list[str]:
        """Return the product orders that can be sent: those that Naver is not working on.

        Raises:
            UnexpectedResponseError: There is none: look again, until Naver is done.
        """
        idle = [
            uid
            for uid in pending
            if uid not in self._orders or not self._action.is_under_way(self._orders[uid])
        ]
        if idle:
            return idle
        error = UnexpectedResponseError("Naver is still carrying it out")
        raise about(self._call(pending), error)

    def _result(self) -> list[NaverProductOrder]:
        return self._known(self._ids)

    def _known(self, ids: Iterable[str]) -> list[NaverProductOrder]:
        return [self._orders[uid] for uid in ids if uid in self._orders]

    def _call(self, ids: list[str]) -> Call[list[NaverProductOrder]]:
        def check(done: list[NaverProductOrder]) -> str | None:
            is_complete = {order.product_order_id for order in done}.issuperset(ids)
            return None if is_complete else "PortOne does not list each product order as done"

        return Call(
            "POST",
            f"/payments/{{imp_uid}}/naver/{self._action.name}",
            list[NaverProductOrder],
            path=self._list_call.path,
            body=SecretDict({"product_order_id": ids, **self._body}),
            identifiers=self._list_call.identifiers,
            partial=(207,),
            check=check,
            classify=classify_action,
            repeat=Repeat.UNSAFE,
            secrets=secrets_in(self._body, "memo"),
        )


def _open(error: ApiError) -> UnexpectedResponseError:
    """Return the error for a partial success that does not list what succeeded."""
    problem = UnexpectedResponseError(
        "some product orders were carried out, but the response does not list them", status=207
    )
    problem.endpoint, problem.identifiers = error.endpoint, error.identifiers
    problem.attempts, problem.elapsed = error.attempts, error.elapsed
    return problem
