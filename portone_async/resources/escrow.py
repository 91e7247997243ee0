"""``client.escrow``: deliveries of escrow payments.

API: https://developers.portone.io/api/rest-v1/escrow
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from itertools import count
from typing import Any, cast

from msgspec import Struct

from portone_async._redact import SecretDict, SecretList, type_name
from portone_async.call import Call, Caller, Failure, Repeat
from portone_async.errors import (
    ApiError,
    InvalidRequestError,
    NotFoundError,
    PortOneError,
    UnexpectedResponseError,
)
from portone_async.models.escrow import (
    EscrowDelivery,
    EscrowLogis,
    EscrowProduct,
    EscrowReceiver,
    EscrowSender,
)

from ._about import about
from ._confidential import confidential, secrets_in
from ._refusal import send_or_look
from ._request import json_body, path_value
from ._settle import settle as settle_outcome
from ._settle import validate_settle, verdict

__all__ = ("DeliveryRegisteredError", "Escrow", "EscrowNotFoundError")


class EscrowNotFoundError(NotFoundError):
    """PortOne reports that the payment has no registered delivery (409), or is unknown (404)."""

    advice = "ksnet shows a delivery 30 to 60 minutes after it was registered."


class DeliveryRegisteredError(ApiError):
    """Another delivery is registered for this payment. Nothing was changed."""

    advice = "update() replaces it, where the PG can."

    def __init__(
        self, reason: str = "", *, delivery: EscrowDelivery | None = None, **response: Any
    ) -> None:
        super().__init__(reason, **response)
        self.delivery = delivery
        """What is registered."""


class Escrow:
    """The operations of ``/escrows/logis``."""

    def __init__(self, client: Caller) -> None:
        self._client = client

    async def get(self, imp_uid: str) -> EscrowDelivery:
        """Return the delivery of a payment.

        Args:
            imp_uid: The payment.

        Raises:
            EscrowNotFoundError: PortOne reports that none is registered, or no such payment.
            InvalidRequestError: The id cannot be part of a path; nothing was sent.
            PortOneError: The call failed; whether there is one is unknown.

        Source: ``GET /escrows/logis/{imp_uid}``.
        """
        return await self._client.call(_call("GET", imp_uid, Repeat.READ))

    @confidential("sender", "receiver", "logis", "products")
    async def register(
        self,
        imp_uid: str,
        *,
        sender: EscrowSender | Mapping[str, Any],
        receiver: EscrowReceiver | Mapping[str, Any],
        logis: EscrowLogis | Mapping[str, Any],
        products: Sequence[EscrowProduct | Mapping[str, Any]] | None = None,
        send_email: bool | None = None,
        extra_body: Mapping[str, Any] | None = None,
        settle: float = 90,
    ) -> EscrowDelivery:
        """Register the delivery of an escrow payment.

        PortOne refuses a second one with 409, which also means that it is never possible. So then,
        or if the response is lost, the delivery is looked up: the same parcel is a success, and
        after a lost answer without a delivery the request is sent again.

        Args:
            imp_uid: The payment.
            sender: The person who sends; which fields are required depends on the PG.
            receiver: The person who receives.
            logis: The parcel.
            products: The goods in it (welcome).
            send_email: Whether the buyer gets a mail at the confirmation (nice_v2); PortOne's
                default is ``True``.
            extra_body: Parameters that this package does not know.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            DeliveryRegisteredError: Another delivery is registered.
            EscrowNotFoundError: PortOne reports no such payment.
            OutcomeUnknownError: The answer was lost, and no look-up was definite. A repetition
                of this call is safe, for ksnet an hour later.
            InvalidRequestError: An argument can never be right; nothing was sent.
            ApiError: It was refused: 400 (a field is missing, or the PG is not supported), 409
                (not possible for this payment) or 500.
            PortOneError: The call failed.

        Source: ``POST /escrows/logis/{imp_uid}``.
        """
        seconds = validate_settle(settle)
        body = json_body(
            extra_body,
            sender=_object("sender", sender),
            receiver=_object("receiver", receiver),
            logis=_object("logis", logis),
            products=None if products is None else _objects("products", products),
            send_email=send_email,
        )
        call = _call("POST", imp_uid, Repeat.GUARDED, body=body)

        async def look() -> EscrowDelivery | PortOneError | None:
            try:
                delivery = await self.get(imp_uid)
            except EscrowNotFoundError:
                return None
            if _is_same_parcel(delivery, body["logis"]):
                return delivery
            return about(
                call,
                DeliveryRegisteredError("another delivery is registered", delivery=delivery),
            )

        send = _after_409(
            send_or_look(self._client, call, look, when=lambda error: error.status == 409)
        )
        return await settle_outcome(send, look, seconds=seconds, resend=True)

    @confidential("sender", "receiver", "logis", "products")
    async def update(
        self,
        imp_uid: str,
        *,
        sender: EscrowSender | Mapping[str, Any],
        receiver: EscrowReceiver | Mapping[str, Any],
        logis: EscrowLogis | Mapping[str, Any],
        products: Sequence[EscrowProduct | Mapping[str, Any]] | None = None,
        extra_body: Mapping[str, Any] | None = None,
    ) -> EscrowDelivery:
        """Replace the delivery of an escrow payment. A second time leaves the same state.

        nice_v2 cannot; ksnet can when the delivery is visible, 30 to 60 minutes later.

        Args:
            imp_uid: The payment.
            sender: The person who sends.
            receiver: The person who receives.
            logis: The parcel.
            products: The goods in it (welcome).
            extra_body: Parameters that this package does not know.

        Raises:
            EscrowNotFoundError: PortOne reports no such payment.
            InvalidRequestError: An argument can never be right; nothing was sent.
            ApiError: It was refused: 400, 409 (it cannot be changed) or 500.
            PortOneError: The call failed.

        Source: ``PUT /escrows/logis/{imp_uid}``.
        """
        body = json_body(
            extra_body,
            sender=_object("sender", sender),
            receiver=_object("receiver", receiver),
            logis=_object("logis", logis),
            products=None if products is None else _objects("products", products),
        )
        return await self._client.call(_call("PUT", imp_uid, Repeat.SET, body=body))


def _after_409(
    send: Callable[[], Awaitable[EscrowDelivery]],
) -> Callable[[], Awaitable[EscrowDelivery]]:
    """Leave the outcome open if a repetition is refused and no delivery is visible.

    The first request may have registered it: ksnet shows a delivery 30 to 60 minutes later.
    """
    requests = count(1)

    async def send_again() -> EscrowDelivery:
        is_first = next(requests) == 1
        try:
            return await send()
        except ApiError as error:
            if is_first or error.status != 409 or isinstance(error, DeliveryRegisteredError):
                raise
        raise UnexpectedResponseError("409 for a repetition, and no delivery is visible")

    return send_again


def _object(name: str, value: object) -> object:
    """Return an object of a body.

    Raises:
        InvalidRequestError: It is neither a Struct nor a dict.
    """
    if isinstance(value, (Struct, Mapping)):
        return cast("object", value)
    raise InvalidRequestError(f"{name} must be an object or a dict, not {type_name(value)}")


def _objects(name: str, values: object) -> list[object]:
    """Return a list of objects.

    Raises:
        InvalidRequestError: It is not such a list.
    """
    if not isinstance(values, (list, tuple)):
        raise InvalidRequestError(f"{name} must be a list, not {type_name(values)}")
    items = cast("Sequence[object]", values)
    return SecretList(_object(f"{name}[{index}]", item) for index, item in enumerate(items))


def _call(
    method: str, imp_uid: str, repeat: Repeat, *, body: SecretDict | None = None
) -> Call[EscrowDelivery]:
    path = {"imp_uid": path_value("imp_uid", imp_uid)}
    return Call(
        method,
        "/escrows/logis/{imp_uid}",
        EscrowDelivery,
        path=path,
        body=body,
        identifiers=path,
        classify=_classify_get if method == "GET" else _classify,
        repeat=repeat,
        secrets=_secrets(body),
    )


def _secrets(body: SecretDict | None) -> frozenset[str]:
    """Collect what is about the sender and the receiver, whose names are not secret elsewhere."""
    people = [] if body is None else [body[name] for name in ("sender", "receiver")]
    return secrets_in(body) | secrets_in(people, "name", "relationship")


def _classify(failure: Failure) -> type[ApiError] | None:
    return EscrowNotFoundError if failure.status == 404 else verdict(failure)


def _classify_get(failure: Failure) -> type[ApiError] | None:
    return EscrowNotFoundError if failure.status == 409 else _classify(failure)


def _is_same_parcel(delivery: EscrowDelivery, logis: Mapping[str, Any]) -> bool:
    # An unknown courier becomes ETC.
    is_same_courier = delivery.company in (None, "ETC", logis.get("company"))
    return is_same_courier and delivery.invoice in (None, logis.get("invoice"))
