"""The calls of ``/payments``, and what their answers must be. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from msgspec import Struct

from portone_async.call import SUCCESS, Call, Failure, QueryValue, validate_identifier
from portone_async.errors import (
    PaymentNotFoundError,
    PortOneError,
    ServerError,
    UnexpectedResponseError,
)
from portone_async.models import Payment, Sorting, UnreadablePayment
from portone_async.models._unreadable import unreadable_error
from portone_async.models.payments import PaymentListing, PaymentPage
from portone_async.resources._windows import Window

__all__ = (
    "BATCH_SUCCESS",
    "find_all_call",
    "find_call",
    "get_call",
    "imp_uid_of",
    "is_path_safe",
    "list_call",
    "listed_call",
    "look_up",
    "payment_error",
    "require_any",
    "sort_payments",
    "unreadable_in",
    "unsortable",
)


T = TypeVar("T")

# PortOne's message where it finds none ("this payment information does not exist").
_NO_SUCH_PAYMENT = "존재하지 않는 결제정보"
BATCH_SUCCESS = SUCCESS | {207}
"""``GET /payments`` answers with 207 where it finds some of the ids only: the others are absent."""

_NOT_FOUND = frozenset({404, *SUCCESS})
_ADVICE: Mapping[type[PortOneError], str] = {
    ServerError: "Nothing is known about the payment; try again later.",
    UnexpectedResponseError: "This says nothing about the payment. Check base_url, then ask PortOne.",
}


def payment_error(failure: Failure) -> type[PaymentNotFoundError] | None:
    """Return ``PaymentNotFoundError`` if PortOne's message says that there is no such payment."""
    is_said = _NO_SUCH_PAYMENT in (failure.message or "")
    # A 404 alone may also tell of a wrong Tier, or come from a gateway.
    return PaymentNotFoundError if is_said and failure.status in _NOT_FOUND else None


class MatchesPayment(Struct, frozen=True, kw_only=True, gc=False):
    """Whether an answer is the payment that was asked for."""

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
        # The values that came back are another's: they are not shown.
        return f"PortOne answered with a payment of another {another}"


def require_any(listing: PaymentListing) -> str | None:
    """Whether an answer holds payments at all: a 404 says that there is none, 200 does not."""
    if listing.list or listing.unreadable:
        return None
    return "PortOne answered with an empty list, where it says 404 when there is none"


class MatchesPayments(Struct, frozen=True):
    """Whether an answer holds payments of the order that was asked for, and nothing else."""

    merchant_uid: str
    status: str | None

    def __call__(self, listing: PaymentListing) -> str | None:
        payments = listing.list
        if any(payment.merchant_uid != self.merchant_uid for payment in payments) or any(
            is_another(payment.merchant_uid, self.merchant_uid) for payment in listing.unreadable
        ):
            return "PortOne answered with a payment of another merchant_uid"
        if listing.unreadable or not payments:
            return require_any(listing)
        if self.status is not None and all(each.status != self.status for each in payments):
            return (
                f"PortOne listed {len(payments)} payment(s) of this order and none is "
                f"{self.status}, but the list may not be complete"
            )
        return None


class MatchesPage(Struct, frozen=True, kw_only=True):
    """Whether a page holds nothing but what was asked for, and something where it must."""

    merchant_uid: str | None = None
    status: str | None = None
    is_first: bool
    """Whether it is the first page: nothing that leaves the list meanwhile empties that one."""

    def __call__(self, page: PaymentPage) -> str | None:
        for name in ("merchant_uid", "status"):
            asked: str | None = getattr(self, name)
            if asked is not None and any(getattr(each, name) != asked for each in page.list):
                return f"PortOne listed a payment of another {name}"
        if any(is_another(each.merchant_uid, self.merchant_uid) for each in page.unreadable):
            return "PortOne listed a payment of another merchant_uid"
        if page.list or page.unreadable or not self.is_first:
            return None
        if page.total or page.next:
            return f"PortOne listed none of {page.total} payment(s)"
        # A status may have none in a period. Of an order PortOne says that with a 404.
        return None if self.merchant_uid is None else require_any(PaymentListing())


def is_another(uid: str | None, asked: str | None) -> bool:
    """Whether an id that can be read is not the one that was asked for."""
    return None not in (uid, asked) and uid != asked


def look_up(
    route: str,
    response: type[T],
    *,
    identifiers: Mapping[str, str],
    check: Callable[[T], str | None],
    path: Mapping[str, str] | None = None,
    query: Any = None,
    success: Collection[int] = SUCCESS,
) -> Call[T]:
    """Make a call of ``/payments``, with what all of them have in common."""
    return Call(
        "GET",
        route,
        response,
        path=path,
        query=query,
        identifiers=identifiers,
        success=success,
        check=check,
        classify=payment_error,
        advice=_ADVICE,
    )


def find_call(merchant_uid: str, status: str | None, sorting: Sorting | None) -> Call[Payment]:
    """Ask for the first payment of an order whose number can travel in a path."""
    path = {"merchant_uid": merchant_uid}
    route = "/payments/find/{merchant_uid}"
    if status is not None:
        path["payment_status"] = status
        route = "/payments/find/{merchant_uid}/{payment_status}"
    return look_up(
        route,
        Payment,
        identifiers=path,
        path=path,
        query=None if sorting is None else {"sorting": sorting},
        check=MatchesPayment(merchant_uid=merchant_uid, status=status),
    )


def get_call(imp_uid: str, *, include_sandbox: bool, extension: bool) -> Call[Payment]:
    """Ask for a payment by PortOne's own id."""
    flags = {"include_sandbox": include_sandbox, "extension": extension}
    path = {"imp_uid": imp_uid}
    return look_up(
        "/payments/{imp_uid}",
        Payment,
        identifiers=path,
        path=path,
        query={name: True for name, is_set in flags.items() if is_set},
        check=MatchesPayment(imp_uid=imp_uid),
    )


def find_all_call(
    merchant_uid: str, status: str | None, sorting: Sorting | None, page: int, page_size: int
) -> Call[PaymentPage]:
    """Ask for a page of the payments of an order whose number can travel in a path."""
    path = {"merchant_uid": merchant_uid}
    route = "/payments/findAll/{merchant_uid}"
    if status is not None:
        path["payment_status"] = status
        route = "/payments/findAll/{merchant_uid}/{payment_status}"
    query: dict[str, QueryValue] = {"page": page, "limit": page_size}
    if sorting is not None:
        query["sorting"] = sorting
    return look_up(
        route,
        PaymentPage,
        identifiers=path,
        path=path,
        query=query,
        check=MatchesPage(merchant_uid=merchant_uid, status=status, is_first=page == 1),
    )


def list_call(
    status: str, window: Window, sorting: Sorting, page: int, page_size: int
) -> Call[PaymentPage]:
    """Ask for a page of the payments of a status in a window."""
    query: dict[str, QueryValue] = {
        "page": page,
        "limit": page_size,
        "sorting": sorting,
        "from": window.since,
    }
    if window.until is not None:
        query["to"] = window.until
    path = {"payment_status": status}
    return look_up(
        "/payments/status/{payment_status}",
        PaymentPage,
        identifiers=path,
        path=path,
        query=query,
        check=MatchesPage(status=None if status == "all" else status, is_first=page == 1),
    )


def listed_call(merchant_uid: str, status: str | None) -> Call[PaymentListing]:
    """Ask for the payments of an order whose number cannot travel in a path."""
    return look_up(
        "/payments",
        PaymentListing,
        identifiers={"merchant_uid": merchant_uid},
        query=(("merchant_uid[]", merchant_uid),),
        success=BATCH_SUCCESS,
        check=MatchesPayments(merchant_uid, status),
    )


def is_path_safe(merchant_uid: str) -> bool:
    """Whether an order number has no slash, which web servers take apart even when quoted."""
    validate_identifier("merchant_uid", merchant_uid)
    return "/" not in merchant_uid and "\\" not in merchant_uid


def sort_payments(
    payments: Iterable[Payment], sorting: Sorting, *, status: str | None = None
) -> list[Payment]:
    """Those of a status, as the API sorts: missing times count as the 0 that it has for them."""
    names = _sorted_by(sorting)

    def key(payment: Payment) -> float:
        times = (getattr(payment, name) for name in names)
        return max((time.timestamp() for time in times if time is not None), default=0.0)

    of_status = (each for each in payments if status is None or each.status == status)
    return sorted(of_status, key=key, reverse=sorting.startswith("-"))


def imp_uid_of(payment: Payment) -> str:
    """Return the identifier by which a payment of a list is recognized."""
    return payment.imp_uid


def unreadable_in(
    call: Call[Any], unreadable: Sequence[UnreadablePayment]
) -> UnexpectedResponseError:
    """Make the error that names payments which cannot be read, and their call."""
    error = unreadable_error(unreadable)
    error.endpoint, error.identifiers = call.endpoint, call.identifiers
    error.advice = call.advice_for(error)
    return error


def unsortable(payments: Sequence[Payment], sorting: Sorting) -> tuple[UnreadablePayment, ...]:
    """Those of several payments that cannot be sorted, since a time of theirs cannot be read."""
    if len(payments) < 2:
        return ()
    return tuple(
        UnreadablePayment(
            imp_uid=each.imp_uid,
            merchant_uid=each.merchant_uid,
            path=f"$.{name}",
            reason="Expected a time to sort by",
        )
        for each in payments
        for name in _sorted_by(sorting)
        if name in each.unreadable
    )


def _sorted_by(sorting: Sorting) -> tuple[str, ...]:
    match sorting.removeprefix("-"):
        case "started":
            return ("started_at",)
        case "paid":
            return ("paid_at",)
        case _:
            return ("started_at", "paid_at", "failed_at", "cancelled_at")
