"""``client.prepared``: the amount that a payment window must charge.

API: https://developers.portone.io/api/rest-v1/payment.validation
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from portone_async.call import Call, Caller, Failure, Repeat, validate_identifier
from portone_async.errors import ApiError, InvalidRequestError, NotFoundError, PortOneError
from portone_async.models.prepared import PreparedPayment

from ._about import about
from ._confidential import confidential, secrets_in
from ._refusal import send_or_look
from ._request import Money, json_body, money, path_value
from ._settle import settle as settle_outcome
from ._settle import validate_settle

__all__ = ("AlreadyPreparedError", "Prepared", "PreparedNotFoundError")


class PreparedNotFoundError(NotFoundError):
    """PortOne reports that no amount is registered for this order number."""

    advice = "Register the amount with create() or ensure()."


class AlreadyPreparedError(ApiError):
    """Another amount or currency is registered for this order number. Nothing was changed."""

    advice = "update() replaces it; ensure() registers or replaces."

    prepared: PreparedPayment | None = None
    """What is registered; ``None``: the order number has a slash, so it cannot be looked up."""


class Prepared:
    """The operations of ``/payments/prepare``.

    A registered amount binds only payment windows that the JavaScript SDK opens: PortOne refuses
    another amount there. It does not bind charges with a billing key or a card.
    """

    def __init__(self, client: Caller) -> None:
        self._client = client

    @confidential()
    async def create(
        self,
        merchant_uid: str,
        *,
        amount: Money,
        currency: str | None = None,
        extra_body: Mapping[str, Any] | None = None,
        settle: float = 90,
    ) -> PreparedPayment:
        """Register the amount of an order.

        If the order has a registered amount, or if the answer was lost, it is looked up and
        compared: the same amount is a success.

        Args:
            merchant_uid: The shop's order number.
            amount: The amount to charge, in ``currency``.
            currency: As in ``USD``. Without it, PortOne documents both: a default of ``KRW``, and
                that the currency is not checked.
            extra_body: Parameters that this package does not know.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            AlreadyPreparedError: Another amount is registered.
            OutcomeUnknownError: The answer was lost, and no look-up was definite.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: The call failed; nothing was registered.

        Source: ``POST /payments/prepare``.
        """
        seconds = validate_settle(settle)
        wanted = money("amount", amount)
        call = _set_call("POST", merchant_uid, wanted, currency, extra_body)

        async def look() -> PreparedPayment | PortOneError | None:
            try:
                prepared = await self.get(merchant_uid)
            except PreparedNotFoundError:
                return None
            is_equal = _is_equal(prepared, wanted, currency)
            return prepared if is_equal else _already_prepared(call, prepared)

        async def look_refused() -> PreparedPayment | PortOneError | None:
            try:
                return await look()
            except InvalidRequestError:  # It has a slash.
                return _already_prepared(call, None)

        send = send_or_look(self._client, call, look_refused, when=_is_code_1)
        return await settle_outcome(send, look, seconds=seconds, resend=True)

    @confidential()
    async def update(
        self,
        merchant_uid: str,
        *,
        amount: Money,
        currency: str | None = None,
        extra_body: Mapping[str, Any] | None = None,
    ) -> PreparedPayment:
        """Replace the registered amount of an order. A second time leaves the same state.

        Args:
            merchant_uid: The shop's order number.
            amount: The amount to charge, in ``currency``.
            currency: As in ``USD``. Whether the registered currency stays without it is not
                documented: pass it again.
            extra_body: Parameters that this package does not know.

        Raises:
            PreparedNotFoundError: No amount is registered.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: The call failed.

        Source: ``PUT /payments/prepare``.
        """
        call = _set_call("PUT", merchant_uid, money("amount", amount), currency, extra_body)
        return await self._client.call(call)

    async def get(self, merchant_uid: str) -> PreparedPayment:
        """Return the registered amount of an order.

        Args:
            merchant_uid: The shop's order number, without a slash.

        Raises:
            PreparedNotFoundError: No amount is registered.
            InvalidRequestError: The order number cannot be part of a path; nothing was sent.
            PortOneError: The call failed; whether there is one is unknown.

        Source: ``GET /payments/prepare/{merchant_uid}``.
        """
        path = {"merchant_uid": path_value("merchant_uid", merchant_uid)}
        return await self._client.call(
            Call(
                "GET",
                "/payments/prepare/{merchant_uid}",
                PreparedPayment,
                path=path,
                identifiers=path,
                check=_Matches(merchant_uid),
                classify=_classify,
                repeat=Repeat.READ,
            )
        )

    @confidential()
    async def ensure(
        self,
        merchant_uid: str,
        *,
        amount: Money,
        currency: str | None = None,
        extra_body: Mapping[str, Any] | None = None,
        settle: float = 90,
    ) -> PreparedPayment:
        """Register the amount of an order, or replace a different one. Safe to repeat.

        Args:
            merchant_uid: The shop's order number.
            amount: The amount to charge, in ``currency``.
            currency: As in ``USD``. Without it, a currency other than ``KRW`` is replaced.
            extra_body: Parameters that this package does not know.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            OutcomeUnknownError: The answer was lost, and no look-up was definite.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: A call failed.

        Source: ``POST /payments/prepare``, ``PUT /payments/prepare``.
        """
        wanted: dict[str, Any] = {"amount": amount, "currency": currency, "extra_body": extra_body}
        try:
            prepared = await self.create(merchant_uid, **wanted, settle=settle)
        except AlreadyPreparedError:
            return await self.update(merchant_uid, **wanted)
        if prepared.currency is None and currency is not None:
            # An older response has none; or the registered currency is not checked.
            return await self.update(merchant_uid, **wanted)
        return prepared


def _set_call(
    method: str,
    merchant_uid: str,
    amount: Decimal,
    currency: str | None,
    extra_body: Mapping[str, Any] | None,
) -> Call[PreparedPayment]:
    validate_identifier("merchant_uid", merchant_uid)
    body = json_body(extra_body, merchant_uid=merchant_uid, amount=amount, currency=currency)
    return Call(
        method,
        "/payments/prepare",
        PreparedPayment,
        body=body,
        identifiers={"merchant_uid": merchant_uid},
        check=_Matches(merchant_uid, amount),
        classify=_classify,
        repeat=Repeat.GUARDED if method == "POST" else Repeat.SET,
        secrets=secrets_in(body),
    )


class _Matches:
    """Compares a response with the request."""

    def __init__(self, merchant_uid: str, amount: Decimal | None = None) -> None:
        self._merchant_uid = merchant_uid
        self._amount = amount

    def __call__(self, prepared: PreparedPayment) -> str | None:
        if prepared.merchant_uid != self._merchant_uid:
            return "PortOne answered about another merchant_uid"
        if self._amount not in (None, prepared.amount):
            return "PortOne registered another amount"
        return None


def _classify(failure: Failure) -> type[ApiError] | None:
    return PreparedNotFoundError if failure.status == 404 else None


def _is_code_1(refusal: ApiError) -> bool:
    # The order number is registered: PortOne's text says so, but the look-up decides.
    return (refusal.status, refusal.code) == (200, 1)


def _already_prepared(
    call: Call[PreparedPayment], prepared: PreparedPayment | None
) -> AlreadyPreparedError:
    error = AlreadyPreparedError("another amount, or another currency, is registered")
    error.prepared = prepared
    return about(call, error)


def _is_equal(prepared: PreparedPayment, amount: Decimal, currency: str | None) -> bool:
    # Older responses have no currency.
    expected = (None, "KRW" if currency is None else currency)
    return prepared.amount == amount and prepared.currency in expected
