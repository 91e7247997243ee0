"""Checks that a response answers the request. Pure.

Each returns the reason why it does not, or ``None``. The values that came back belong to another
order or shop, and are never in the reason.
"""

from __future__ import annotations

from operator import attrgetter
from typing import Any

from msgspec import Struct

from portone_async.models import Payment, UnreadablePayment
from portone_async.models._listing import Listing, Page
from portone_async.models.payments import PaymentListing

__all__ = ("MatchesPage", "MatchesPayment", "MatchesPayments", "require_any")


class MatchesPayment(Struct, frozen=True, kw_only=True, gc=False):
    """Checks that a response is the requested payment."""

    merchant_uid: str | None = None
    imp_uid: str | None = None
    status: str | None = None

    def __call__(self, payment: Payment) -> str | None:
        if self.merchant_uid is not None and payment.merchant_uid != self.merchant_uid:
            another = "merchant_uid"
        elif self.imp_uid is not None and payment.imp_uid != self.imp_uid:
            another = "imp_uid"
        elif self.status is not None and payment.status != self.status:
            another = "status"
        else:
            return None
        return f"PortOne answered with a payment of another {another}"


def require_any(listing: Listing[Any, UnreadablePayment]) -> str | None:
    """Check that a list is not empty: PortOne reports "none" with a 404, not with a 200."""
    if listing.list or listing.unreadable:
        return None
    return "PortOne answered with an empty list, where it says 404 when there is none"


class MatchesPayments(Struct, frozen=True):
    """Checks that a list holds payments of the requested order, and nothing else."""

    merchant_uid: str
    status: str | None

    def __call__(self, listing: PaymentListing) -> str | None:
        payments = listing.list
        if any(payment.merchant_uid != self.merchant_uid for payment in payments) or any(
            _is_another(payment.merchant_uid, self.merchant_uid) for payment in listing.unreadable
        ):
            return "PortOne answered with a payment of another merchant_uid"
        if listing.unreadable or not payments:
            return require_any(listing)
        if self.status is not None and all(payment.status != self.status for payment in payments):
            return (
                f"PortOne listed {len(payments)} payment(s) of this order and none is "
                f"{self.status}, but the list may not be complete"
            )
        return None


class MatchesPage(Struct, frozen=True, kw_only=True):
    """Checks that a page holds requested payments only, and is not empty where it must not be."""

    merchant_uid: str | None = None
    status: str | None = None
    is_first: bool
    """Whether it is the first page, which does not run empty while payments leave the list."""

    def __call__(self, page: Page[Any, UnreadablePayment]) -> str | None:
        for name in ("merchant_uid", "status"):
            requested: str | None = getattr(self, name)
            # A set, built in C: a sweep checks millions of payments.
            if requested is not None and not {*map(attrgetter(name), page.list)} <= {requested}:
                return f"PortOne listed a payment of another {name}"
        if any(_is_another(payment.merchant_uid, self.merchant_uid) for payment in page.unreadable):
            return "PortOne listed a payment of another merchant_uid"
        if page.list or page.unreadable or not self.is_first:
            return None
        if page.total or page.next:
            return f"PortOne listed none of {page.total} payment(s)"
        # A status may have none in a period. For an order PortOne reports that with a 404.
        return None if self.merchant_uid is None else require_any(PaymentListing())


def _is_another(uid: str | None, requested: str | None) -> bool:
    """Whether an id that can be read is not the requested one."""
    return None not in (uid, requested) and uid != requested
