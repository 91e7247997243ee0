"""Whole numbers, as KCP quick pay takes them. Pure."""

from __future__ import annotations

from decimal import Decimal

from portone_async.errors import InvalidRequestError
from portone_async.resources._request import money

__all__ = ("whole",)


def whole(name: str, value: object) -> Decimal:
    """Return a whole number, 0 or more.

    Raises:
        InvalidRequestError: It has a fraction, or is no number.
    """
    exact = money(name, value)
    if exact != exact.to_integral_value():
        raise InvalidRequestError(f"{name} must be a whole number")
    return exact
