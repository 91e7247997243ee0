"""``client.payments``: look-ups of payments, each one a :class:`~portone_async.Call`."""

from __future__ import annotations

import re
from typing import Any, Protocol, TypeVar

from msgspec import Struct

from .call import Call, check_identifier
from .errors import InvalidRequestError, PaymentNotFoundError
from .models import Payment, PaymentStatus, Sorting

__all__ = ("Payments",)

T = TypeVar("T")

_NOT_FOUND = {404: PaymentNotFoundError}


class _Caller(Protocol):
    async def call(self, call: Call[T], /) -> T: ...


class Payments:
    """The look-ups of ``/payments``."""

    def __init__(self, client: _Caller) -> None:
        self._client = client

    async def find(
        self,
        merchant_uid: str,
        *,
        status: PaymentStatus | str | None = None,
        sorting: Sorting | str | None = None,
    ) -> Payment:
        r"""Find the payment of an order.

        One order number may have several payments, since each try of a buyer makes one. Without
        ``status`` the first by ``sorting`` is given, which may be a later, abandoned try of an
        order that was paid before: to know whether an order is paid, ask for ``status="paid"``.

        Payments of test channels are found as well: see :attr:`Payment.sandbox`.

        Args:
            merchant_uid: The shop's order number, any text.
            status: Only payments of this status. Words that PortOne may add later are sent, too.
            sorting: Which comes first; PortOne's own choice is ``-started``.

        Raises:
            PaymentNotFoundError: PortOne says that there is none.
            InvalidRequestError: An argument that can never be right; nothing was sent.
            PortOneError: Any other failure: nothing is known about the payment then.

        An order number with ``/`` or ``\`` in it cannot travel in a path: web servers refuse a
        quoted slash, or take it for a real one and look up another order. For those the payments
        are asked for by ``GET /payments?merchant_uid[]=...``, which carries any text, and sorted
        here. It is not documented whether that lists every payment of an order, so when it
        gives some but none of the ``status``, the result is an ``UnexpectedResponseError``
        and not "missing". "updated" is taken to be the last of the payment's times there.

        Source: ``GET /payments/find/{merchant_uid}/{payment_status}``.
        """
        check_identifier("merchant_uid", merchant_uid)
        wanted = None if status is None else _checked_status(status)
        order = None if sorting is None else _checked_sorting(sorting)
        if "/" in merchant_uid or "\\" in merchant_uid:
            payments = await self._client.call(_batch(merchant_uid, wanted))
            return _first(payments, wanted, order or Sorting.STARTED_DESC)
        path = {"merchant_uid": merchant_uid}
        route = "/payments/find/{merchant_uid}"
        if wanted is not None:
            path["payment_status"] = wanted
            route = "/payments/find/{merchant_uid}/{payment_status}"
        return await self._client.call(
            Call(
                "GET",
                route,
                Payment,
                path=path,
                query=None if order is None else {"sorting": order.value},
                check=_IsAsked(merchant_uid=merchant_uid, status=wanted),
                errors=_NOT_FOUND,
            )
        )

    async def get(
        self, imp_uid: str, *, include_sandbox: bool = False, extension: bool = False
    ) -> Payment:
        """Get a payment by PortOne's own id.

        Args:
            imp_uid: As in ``imp_123456789012``.
            include_sandbox: Find payments of test channels, too. PortOne hides them here (and
                only here) since 2026-01-26, so that nobody pays with a test card.
            extension: Ask for what a PG adds of its own, :attr:`Payment.extension`.

        Raises:
            PaymentNotFoundError: PortOne says that there is none.
            InvalidRequestError: An argument that can never be right; nothing was sent.
            PortOneError: Any other failure: nothing is known about the payment then.

        Source: ``GET /payments/{imp_uid}``.
        """
        flags = {"include_sandbox": include_sandbox, "extension": extension}
        return await self._client.call(
            Call(
                "GET",
                "/payments/{imp_uid}",
                Payment,
                path={"imp_uid": imp_uid},
                query={name: "true" for name, is_set in flags.items() if is_set},
                check=_IsAsked(imp_uid=imp_uid),
                errors=_NOT_FOUND,
            )
        )


class _IsAsked(Struct, frozen=True, kw_only=True):
    """Whether an answer is the payment that was asked for."""

    merchant_uid: str | None = None
    imp_uid: str | None = None
    status: str | None = None

    def __call__(self, payment: Payment) -> str | None:
        # The values that came back are another's: they are not shown.
        for name in self.__struct_fields__:
            asked: str | None = getattr(self, name)
            if asked is not None and getattr(payment, name) != asked:
                return f"PortOne answered with a payment of another {name}"
        return None


class _AreAsked(Struct, frozen=True):
    """Whether an answer holds payments of the order that was asked for, and nothing else."""

    merchant_uid: str
    status: str | None

    def __call__(self, payments: list[Payment]) -> str | None:
        if not payments:
            return "PortOne answered with an empty list, where it says 404 when there is none"
        if any(payment.merchant_uid != self.merchant_uid for payment in payments):
            return "PortOne answered with a payment of another merchant_uid"
        if self.status is not None and all(each.status != self.status for each in payments):
            return (
                f"PortOne listed {len(payments)} payment(s) of this order and none is "
                f"{self.status}, but the list may not be complete"
            )
        return None


def _batch(merchant_uid: str, status: str | None) -> Call[list[Payment]]:
    return Call(
        "GET",
        "/payments",
        list[Payment],
        query=(("merchant_uid[]", merchant_uid),),
        check=_AreAsked(merchant_uid, status),
        errors=_NOT_FOUND,
    )


def _first(payments: list[Payment], status: str | None, sorting: Sorting) -> Payment:
    """The one that ``find`` would give: missing times sort as the 0 that PortOne has for them."""

    def key(payment: Payment) -> float:
        match sorting.removeprefix("-"):
            case "started":
                times = [payment.started_at]
            case "paid":
                times = [payment.paid_at]
            case _:
                times = [
                    payment.started_at,
                    payment.paid_at,
                    payment.failed_at,
                    payment.cancelled_at,
                ]
        return max((time.timestamp() for time in times if time is not None), default=0.0)

    candidates = [each for each in payments if status is None or each.status == status]
    return (max if sorting.startswith("-") else min)(candidates, key=key)


def _checked_status(status: Any) -> str:
    if not isinstance(status, str) or not re.fullmatch(r"[A-Za-z0-9_-]+", status):
        raise InvalidRequestError(f"status must be a plain word, as in 'paid': {status!a}")
    return str(status)


def _checked_sorting(sorting: Any) -> Sorting:
    try:
        return Sorting(sorting)
    except ValueError:
        allowed = ", ".join(Sorting)
        raise InvalidRequestError(f"sorting must be one of {allowed}: {sorting!a}") from None
