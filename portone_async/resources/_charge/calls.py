"""The calls that charge. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any

from portone_async.call import Call, Failure, Repeat
from portone_async.errors import ApiError, InvalidRequestError, PortOneError
from portone_async.models import Payment
from portone_async.resources._confidential import secrets_in
from portone_async.resources._minor_units import require_fit
from portone_async.resources._request import (
    optional_money,
    path_value,
    positive_money,
    require_parts,
)
from portone_async.resources.payments._checks import MatchesPayment

__all__ = ("charge_amount", "charge_call", "charge_number")

_LONGEST = 40
_ADVICE: Mapping[type[PortOneError], str] = {
    ApiError: (
        "This request charged nothing. Correct it and repeat it under the same merchant_uid, or "
        "look that up before you use another."
    ),
}


def charge_number(merchant_uid: str) -> str:
    """Return an order number under which a payment can be found again.

    Raises:
        InvalidRequestError: It has more than 40 characters, which a PG may cut, or a slash, so that
            only a list that is not documented to be complete (``doctor``: ``batch-lists-all``)
            could find its payments.
    """
    number = path_value("merchant_uid", merchant_uid)
    if len(number) > _LONGEST:
        raise InvalidRequestError(
            f"merchant_uid has {len(number)} characters: a PG may cut it to {_LONGEST}, and no "
            "look-up would find the payment"
        )
    return number


def charge_amount(
    amount: object,
    *,
    currency: str | None = None,
    tax_free: object = None,
    vat_amount: object = None,
) -> Decimal:
    """Return the amount of a charge.

    Args:
        amount: As the caller passed it.
        currency: Its currency; ``None`` where the operation has no such parameter.
        tax_free: A part of it.
        vat_amount: Another part of it.

    Raises:
        InvalidRequestError: It is not more than 0, has more decimals than its currency, or is less
            than its parts.
    """
    exact = positive_money("amount", amount)
    require_fit(exact, currency)
    require_parts(
        exact, optional_money("tax_free", tax_free), optional_money("vat_amount", vat_amount)
    )
    return exact


def charge_call(
    route: str,
    body: Mapping[str, Any],
    *,
    path: Mapping[str, str] | None = None,
    merchant_uid: str,
    customer_uid: str | None = None,
    classify: Callable[[Failure], type[ApiError] | None] | None = None,
) -> Call[Payment]:
    """Make the call of a charge: sent once, and never repeated by the client."""
    identifiers = {"merchant_uid": merchant_uid}
    if customer_uid is not None:
        identifiers["customer_uid"] = customer_uid
    return Call(
        "POST",
        route,
        Payment,
        path=path,
        body=body,
        identifiers=identifiers,
        check=MatchesPayment(merchant_uid=merchant_uid),
        classify=classify,
        advice=_ADVICE,
        repeat=Repeat.UNSAFE,
        secrets=secrets_in(body),
    )
