"""``server.escrow``: deliveries of escrow payments.

API: https://developers.portone.io/api/rest-v1/escrow
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from portone_async.models.escrow import EscrowDelivery
from portone_async.testing.account import Account
from portone_async.testing.parameters import Parameters, refusing
from portone_async.testing.record import blank, encode
from portone_async.testing.reply import Reply, envelope, failure
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Route

from .payments import Payments, payment_not_found

__all__ = ("ROUTES", "EscrowDeliveries")

COURIERS = frozenset(
    {
        *("HYUNDAI", "HANARO", "SAGAWA", "KGB", "YELLOWCAP", "DONGBU"),
        *("EPOST", "CJGLS", "HANJIN", "DAESIN", "ETC"),
    }
)
_SUPPORTED = frozenset(
    {*("html5_inicis", "kcp", "daou", "ksnet", "smartro_v2", "nice_v2", "welcome")}
)
# The text is known, its status comes from the table of the document.
_NOT_POSSIBLE = failure(409, "해당거래건은 배송정보를 등록할 수 없습니다.")
_NOT_SUPPORTED = failure(400, "현재 지원되지 않는 PG사입니다.")
# These texts are invented.
_NOT_REGISTERED = failure(409, "등록된 배송정보가 없습니다.")
_NOT_CHANGEABLE = failure(409, "배송정보를 수정할 수 없습니다.")


class EscrowDeliveries:
    """The deliveries of the fake."""

    def __init__(self, _: Account) -> None:
        self.by_payment: dict[str, dict[str, Any]] = {}
        """Objects as PortOne sends them, by ``imp_uid``."""
        self.visible_after = 0.0
        """Seconds after which a registered delivery can be read and changed: ksnet takes 30 to 60
        minutes."""


def get(account: Account, _: RecordedRequest, path: Mapping[str, str]) -> Reply:
    refusal = _refusal(account, path["imp_uid"])
    if refusal is not None:
        return refusal
    delivery = _visible(account, path["imp_uid"])
    return _NOT_REGISTERED if delivery is None else envelope(delivery)


def register(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
    """Register a delivery, once, for a payment under escrow."""
    delivery = _requested(Parameters.of(request), account)
    imp_uid = path["imp_uid"]
    refusal = _refusal(account, imp_uid)
    if refusal is not None:
        return refusal
    entry = account.state(Payments).get(imp_uid)
    assert entry is not None
    deliveries = account.state(EscrowDeliveries).by_payment
    if imp_uid in deliveries or entry.record.get("escrow") is not True:
        return _NOT_POSSIBLE
    deliveries[imp_uid] = delivery
    return envelope(delivery)


def update(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
    """Change a delivery. nice_v2 cannot."""
    delivery = _requested(Parameters.of(request), account)
    imp_uid = path["imp_uid"]
    refusal = _refusal(account, imp_uid)
    if refusal is not None:
        return refusal
    entry = account.state(Payments).get(imp_uid)
    assert entry is not None
    if _visible(account, imp_uid) is None or entry.record.get("pg_provider") == "nice_v2":
        return _NOT_CHANGEABLE
    account.state(EscrowDeliveries).by_payment[imp_uid] = delivery
    return envelope(delivery)


def _refusal(account: Account, imp_uid: str) -> Reply | None:
    entry = account.state(Payments).get(imp_uid)
    if entry is None:
        return payment_not_found()
    # A payment that a test added without a PG is supported.
    pg_provider = entry.record.get("pg_provider")
    return None if pg_provider is None or pg_provider in _SUPPORTED else _NOT_SUPPORTED


def _visible(account: Account, imp_uid: str) -> dict[str, Any] | None:
    deliveries = account.state(EscrowDeliveries)
    delivery = deliveries.by_payment.get(imp_uid)
    if delivery is None or account.clock.now < delivery["applied_at"] + deliveries.visible_after:
        return None
    return delivery


def _requested(parameters: Parameters, account: Account) -> dict[str, Any]:
    """Return the delivery to register. Who sends and receives leaves no trace in the answer.

    Raises:
        BadParameterError: A parameter is missing or has another type.
    """
    parameters.require("sender", "receiver", "logis")
    for name, own in (("sender", ("relationship",)), ("receiver", ())):
        _validate_person(parameters.object(name), own)
    for product in parameters.objects("products"):
        _validate_product(product)
    parameters.flag("send_email")
    logis = parameters.object("logis")
    assert logis is not None
    logis.require("company", "invoice", "sent_at")
    for name in ("receiving_at", "address"):
        logis.text(name)
    company = logis.text("company")
    return encode(
        EscrowDelivery,
        {
            **blank(EscrowDelivery),
            # An unknown courier becomes ETC silently.
            "company": company if company in COURIERS else "ETC",
            "invoice": logis.text("invoice"),
            "sent_at": logis.time("sent_at"),
            "applied_at": int(account.clock.now),
        },
    )


def _validate_person(person: Parameters | None, own: tuple[str, ...]) -> None:
    assert person is not None
    for name in ("name", "tel", "addr", "postcode", *own):
        person.text(name)
    address = person.object("formed_address")
    if address is not None:
        address.text("address_line_1")
        address.text("address_line_2")


def _validate_product(product: Parameters) -> None:
    product.require("id", "name", "amount")
    for name in ("id", "name", "code", "currency", "tag"):
        product.text(name)
    product.money("amount")
    product.integer("quantity")


ROUTES = (
    Route("GET", "/escrows/logis/{imp_uid}", get),
    Route("POST", "/escrows/logis/{imp_uid}", refusing(register)),
    Route("PUT", "/escrows/logis/{imp_uid}", refusing(update)),
)
