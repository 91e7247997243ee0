"""The calls of ``/payments``. Pure."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from operator import attrgetter
from typing import Any, TypeVar, overload

from portone_async._worded import Worded
from portone_async.call import SUCCESS, Call, Failure, QueryValue, validate_identifier
from portone_async.errors import (
    PaymentNotFoundError,
    PortOneError,
    ServerError,
    UnexpectedResponseError,
)
from portone_async.models import Payment, Sorting, UnreadablePayment
from portone_async.models._listed_payment import ListedPayment, PlainPayment
from portone_async.models._listing import Page
from portone_async.models._unreadable import unreadable_error
from portone_async.models.payments import PaymentListing, PaymentPage
from portone_async.resources._about import about
from portone_async.resources._request import has_slash
from portone_async.resources._windows import Window

from ._checks import MatchesPage, MatchesPayment, MatchesPayments

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
    "unreadable_in",
)


T = TypeVar("T")
P = TypeVar("P", bound=Payment | ListedPayment | PlainPayment)

# Part of PortOne's message if it has no such payment ("this payment information does not exist").
_NO_SUCH_PAYMENT = "존재하지 않는 결제정보"
imp_uid_of: Callable[[Payment | ListedPayment | PlainPayment], str] = attrgetter("imp_uid")
"""Return the identifier by which a payment of a list is recognized."""
BATCH_SUCCESS = SUCCESS | {207}
"""``GET /payments`` answers with 207 where it finds some of the ids only: the others are absent."""

_NOT_FOUND = frozenset({404, *SUCCESS})
_ADVICE: Mapping[type[PortOneError], str] = {
    ServerError: Worded("Nothing is known about the payment; try again later."),
    UnexpectedResponseError: Worded(
        "This says nothing about the payment. Check base_url. If it is right, send this message and "
        "error.reply.headers to PortOne's support."
    ),
}


def payment_error(failure: Failure) -> type[PaymentNotFoundError] | None:
    """Return ``PaymentNotFoundError`` if PortOne's message reports no such payment."""
    is_named = _NO_SUCH_PAYMENT in (failure.message or "")
    # A 404 with another message may mean a wrong Tier, or come from a gateway.
    return PaymentNotFoundError if is_named and failure.status in _NOT_FOUND else None


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
    """Make a call of ``/payments`` with the rules that all of them share."""
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
    """Make the call for the first payment of an order whose number is safe in a path."""
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
    """Make the call for a payment by PortOne's own id."""
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


@overload
def find_all_call(
    merchant_uid: str, status: str | None, sorting: Sorting | None, page: int, page_size: int
) -> Call[PaymentPage]: ...
@overload
def find_all_call(
    merchant_uid: str,
    status: str | None,
    sorting: Sorting | None,
    page: int,
    page_size: int,
    *,
    response: type[Page[P, UnreadablePayment]],
) -> Call[Page[P, UnreadablePayment]]: ...
def find_all_call(
    merchant_uid: str,
    status: str | None,
    sorting: Sorting | None,
    page: int,
    page_size: int,
    *,
    response: type[Page[Any, UnreadablePayment]] = PaymentPage,
) -> Call[Any]:
    """Make the call for a page of the payments of an order whose number is safe in a path."""
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
        response,
        identifiers=path,
        path=path,
        query=query,
        check=MatchesPage(merchant_uid=merchant_uid, status=status, is_first=page == 1),
    )


@overload
def list_call(
    status: str, window: Window, sorting: Sorting, page: int, page_size: int
) -> Call[PaymentPage]: ...
@overload
def list_call(
    status: str,
    window: Window,
    sorting: Sorting,
    page: int,
    page_size: int,
    *,
    response: type[Page[P, UnreadablePayment]],
) -> Call[Page[P, UnreadablePayment]]: ...
def list_call(
    status: str,
    window: Window,
    sorting: Sorting,
    page: int,
    page_size: int,
    *,
    response: type[Page[Any, UnreadablePayment]] = PaymentPage,
) -> Call[Any]:
    """Make the call for a page of the payments of a status in a window."""
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
        response,
        identifiers=path,
        path=path,
        query=query,
        check=MatchesPage(status=None if status == "all" else status, is_first=page == 1),
    )


def listed_call(merchant_uid: str, status: str | None) -> Call[PaymentListing]:
    """Make the call for the payments of an order whose number is not safe in a path."""
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
    return not has_slash(merchant_uid)


def unreadable_in(
    call: Call[Any], unreadable: Sequence[UnreadablePayment]
) -> UnexpectedResponseError:
    """Return the error that names unreadable payments and their call."""
    return about(call, unreadable_error(unreadable))
