"""The actions on a product order, and the states in which Naver accepts each.

The states are those that PortOne documents. Which state allows what is invented: it follows the
meaning of the words.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

from msgspec import Struct

from portone_async.testing.parameters import Parameters

from .state import Naver

__all__ = ("ACTIONS", "Action")

Order: TypeAlias = Mapping[str, Any]

_SHIPPING = ("DELIVERING", "DELIVERED")
_OPEN_RETURN = ("RETURN_REQUEST", "COLLECTING", "COLLECT_DONE")
_CANCELED = {
    "product_order_status": "CANCELED",
    "claim_type": "CANCEL",
    "claim_status": "CANCEL_DONE",
}


class Action(Struct, frozen=True, kw_only=True):
    """One operation on product orders."""

    accepts: Callable[[Naver, Order], bool]
    """Whether Naver carries it out for a product order in this state."""
    changes: Mapping[str, str] = {}
    """The fields of the product order afterwards."""
    effect: Callable[[Naver, str], object] = lambda _, __: None
    """What else it does."""
    validate: Callable[[Parameters], object] = lambda _: None
    """Raises ``BadParameterError`` for parameters that PortOne refuses."""
    reasons: tuple[str, ...] = ()
    """The reasons that Naver knows, the default first."""

    def carry_out(self, naver: Naver, order: Order, reason: str | None) -> bool:
        """Change a product order; return whether Naver did so."""
        uid = order["product_order_id"]
        if uid in naver.refuses or not self.accepts(naver, order):
            return False
        naver.update(uid, **self.changes)
        self.effect(naver, uid)
        if self.reasons:
            # PortOne documents that it replaces an unknown reason by the default.
            naver.reasons[uid] = reason if reason in self.reasons else self.reasons[0]
        return True


def _has_status(*statuses: str) -> Callable[[Naver, Order], bool]:
    return lambda _, order: order["product_order_status"] in statuses and not order["claim_type"]


def _has_claim(kind: str, statuses: Collection[str]) -> Callable[[Naver, Order], bool]:
    return lambda _, order: order["claim_type"] == kind and order["claim_status"] in statuses


def _can_be_placed(naver: Naver, order: Order) -> bool:
    return _has_status("PAYED")(naver, order) and order["product_order_id"] not in naver.placed


def _can_be_returned(_: Naver, order: Order) -> bool:
    has_claim = order["claim_type"] and order["claim_status"] != "RETURN_REJECT"
    return order["product_order_status"] in _SHIPPING and not has_claim


def _is_withheld(naver: Naver, order: Order) -> bool:
    return order["product_order_id"] in naver.withheld


def _is_open_return(naver: Naver, order: Order) -> bool:
    is_open = _has_claim("RETURN", _OPEN_RETURN)(naver, order)
    return is_open and not _is_withheld(naver, order)


def _delivery(parameters: Parameters) -> None:
    parameters.require("delivery_method")
    if parameters.text("delivery_method") in ("DELIVERY", "RETURN_DELIVERY"):
        # PortOne documents that both are required, not what it answers.
        parameters.require("delivery_company", "tracking_number")
    parameters.text("delivery_company")
    parameters.text("tracking_number")


def _shipment(parameters: Parameters) -> None:
    parameters.require("dispatched_at")
    parameters.time("dispatched_at")
    _delivery(parameters)


def _memo(parameters: Parameters) -> None:
    parameters.require("memo")
    parameters.text("memo")
    parameters.integer("extra_charge")


ACTIONS: Mapping[str, Action] = {
    "cancel": Action(
        accepts=_has_status("PAYMENT_WAITING", "PAYED"),
        changes=_CANCELED,
        reasons=(
            "PRODUCT_UNSATISFIED",
            "SOLD_OUT",
            "DELAYED_DELIVERY",
            "INTENT_CHANGED",
            "COLOR_AND_SIZE",
            "WRONG_ORDER",
            "INCORRECT_INFO",
        ),
    ),
    "approve-cancel": Action(
        accepts=_has_claim("CANCEL", ("CANCEL_REQUEST",)),
        changes=_CANCELED,
    ),
    "place": Action(
        accepts=_can_be_placed,
        effect=lambda naver, uid: naver.placed.add(uid),
    ),
    "ship": Action(
        accepts=_has_status("PAYED"),
        changes={"product_order_status": "DELIVERING"},
        validate=_shipment,
    ),
    "ship-exchanged": Action(
        accepts=_has_claim("EXCHANGE", ("COLLECT_DONE",)),
        changes={"claim_status": "EXCHANGE_REDELIVERING"},
        validate=_delivery,
    ),
    "collect-exchanged": Action(
        accepts=_has_claim("EXCHANGE", ("EXCHANGE_REQUEST", "COLLECTING")),
        changes={"claim_status": "COLLECT_DONE"},
    ),
    "request-return": Action(
        accepts=_can_be_returned,
        changes={"claim_type": "RETURN", "claim_status": "RETURN_REQUEST"},
        validate=_delivery,
        reasons=(
            "INTENT_CHANGED",
            "COLOR_AND_SIZE",
            "WRONG_ORDER",
            "PRODUCT_UNSATISFIED",
            "DELAYED_DELIVERY",
            "SOLD_OUT",
            "DROPPED_DELIVERY",
            "BROKEN",
            "INCORRECT_INFO",
            "WRONG_DELIVERY",
            "WRONG_OPTION",
        ),
    ),
    "approve-return": Action(
        accepts=_is_open_return,
        changes={"product_order_status": "RETURNED", "claim_status": "RETURN_DONE"},
        validate=lambda parameters: parameters.text("memo"),
    ),
    "reject-return": Action(
        accepts=_is_open_return,
        changes={"claim_status": "RETURN_REJECT"},
        validate=_memo,
    ),
    "withhold-return": Action(
        accepts=_is_open_return,
        effect=lambda naver, uid: naver.withheld.add(uid),
        validate=_memo,
        reasons=(
            "ETC",
            "RETURN_DELIVERYFEE",
            "EXTRAFEEE",
            "RETURN_DELIVERYFEE_AND_EXTRAFEEE",
            "RETURN_PRODUCT_NOT_DELIVERED",
        ),
    ),
    "resolve-return": Action(
        accepts=_is_withheld,
        effect=lambda naver, uid: naver.withheld.discard(uid),
    ),
}
"""The operations on product orders by the last segment of their paths."""
