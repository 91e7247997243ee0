"""The operations on product orders, and the states that show that one was carried out. Pure."""

from __future__ import annotations

from msgspec import Struct

from portone_async.models.naver import NaverProductOrder

__all__ = (
    "APPROVE_CANCEL",
    "APPROVE_RETURN",
    "CANCEL",
    "COLLECT_EXCHANGED",
    "PLACE",
    "REJECT_RETURN",
    "REQUEST_RETURN",
    "RESOLVE_RETURN",
    "SHIP",
    "SHIP_EXCHANGED",
    "WITHHOLD_RETURN",
    "Action",
)

_Claims = frozenset[tuple[str | None, str | None]]


def _claims(kind: str, *statuses: str) -> _Claims:
    return frozenset((kind, status) for status in statuses)


class Action(Struct, frozen=True, kw_only=True):
    """One operation."""

    name: str
    """The last segment of its path."""
    statuses: frozenset[str] = frozenset()
    """Statuses of a product order for which it was carried out."""
    claims: _Claims = frozenset()
    """Claims, by type and status, for which it was carried out."""
    under_way: _Claims = frozenset()
    """Claims for which Naver is carrying it out: to send it again would not help."""

    @property
    def is_visible(self) -> bool:
        """Whether a product order shows that it was carried out."""
        return bool(self.statuses or self.claims)

    def is_done(self, order: NaverProductOrder) -> bool:
        """Return whether a product order shows that it was carried out."""
        claim = order.claim_type, order.claim_status
        return order.product_order_status in self.statuses or claim in self.claims

    def is_under_way(self, order: NaverProductOrder) -> bool:
        """Return whether a product order shows that it is being carried out."""
        return (order.claim_type, order.claim_status) in self.under_way


_CANCELED = frozenset({"CANCELED"})
_CANCEL_DONE = _claims("CANCEL", "CANCEL_DONE") | _claims("ADMIN_CANCEL", "ADMIN_CANCEL_DONE")
_CANCELING = _claims("CANCEL", "CANCELING") | _claims("ADMIN_CANCEL", "ADMIN_CANCELING")
_REDELIVERED = _claims("EXCHANGE", "EXCHANGE_REDELIVERING", "EXCHANGE_DONE")
_RETURNED = frozenset({"RETURNED"})
_EXCHANGED = frozenset({"EXCHANGED"})

CANCEL = Action(name="cancel", statuses=_CANCELED, claims=_CANCEL_DONE, under_way=_CANCELING)
APPROVE_CANCEL = Action(
    name="approve-cancel", statuses=_CANCELED, claims=_CANCEL_DONE, under_way=_CANCELING
)
PLACE = Action(name="place")
SHIP = Action(
    name="ship",
    statuses=frozenset({"DELIVERING", "DELIVERED", "PURCHASE_DECIDED", "EXCHANGED", "RETURNED"}),
)
SHIP_EXCHANGED = Action(name="ship-exchanged", statuses=_EXCHANGED, claims=_REDELIVERED)
COLLECT_EXCHANGED = Action(
    name="collect-exchanged",
    statuses=_EXCHANGED,
    claims=_REDELIVERED | _claims("EXCHANGE", "COLLECT_DONE"),
)
REQUEST_RETURN = Action(
    name="request-return",
    statuses=_RETURNED,
    claims=_claims("RETURN", "RETURN_REQUEST", "COLLECTING", "COLLECT_DONE", "RETURN_DONE"),
)
APPROVE_RETURN = Action(
    name="approve-return", statuses=_RETURNED, claims=_claims("RETURN", "RETURN_DONE")
)
REJECT_RETURN = Action(name="reject-return", claims=_claims("RETURN", "RETURN_REJECT"))
WITHHOLD_RETURN = Action(name="withhold-return")
RESOLVE_RETURN = Action(name="resolve-return")
