"""The parameters of an operation, in the API's types. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, TypeAlias, cast

import msgspec
from msgspec import Struct

from portone_async._redact import SecretDict, SecretList, type_name
from portone_async._worded import Worded
from portone_async.call import validate_identifier
from portone_async.errors import InvalidRequestError
from portone_async.models._record import EXACT

__all__ = (
    "Money",
    "exact_number",
    "has_slash",
    "json_body",
    "money",
    "notice_urls",
    "optional_money",
    "optional_unix_seconds",
    "path_value",
    "positive_money",
    "require_parts",
    "unix_seconds",
    "whole_money",
)

Money: TypeAlias = int | Decimal | str
"""An amount: ``1000``, ``Decimal("9.90")``, or text that is exactly one, as in ``"9.90"``."""

_EPOCH = datetime.fromtimestamp(0, UTC)
_SECOND = timedelta(seconds=1)
_AMOUNT = re.compile(r"-?[0-9]{1,24}(\.[0-9]{1,24})?", re.ASCII)


def money(name: str, value: object, *, minimum: int | None = 0) -> Decimal:
    """Return an amount of money, exactly.

    Args:
        name: The parameter, for the error.
        value: An ``int``, a ``Decimal``, or text that is exactly one.
        minimum: The least amount that is accepted; ``None`` for any.

    Raises:
        InvalidRequestError: It is not an amount, such as a ``float``, a ``bool`` or NaN, or too small.
    """
    problem = f"must be an int, a Decimal or text, not {type_name(value)}"
    amount: Decimal | None = None
    if isinstance(value, (int, Decimal)) and not isinstance(value, bool):
        amount, problem = Decimal(value), "is not an amount of money"
    elif isinstance(value, str):
        problem = "is not an amount of money in digits, as in '9.90'"
        if _AMOUNT.fullmatch(value):
            amount = Decimal(str.__str__(value))
    if amount is not None and amount.is_finite() and -24 < amount.adjusted() < 24:
        if minimum is None or amount >= minimum:
            return amount
        problem = f"must be at least {minimum}"
    raise InvalidRequestError(f"{name} {problem}")


def optional_money(name: str, value: object) -> Decimal | None:
    """Return an amount of money of 0 or more, exactly; ``None`` for a parameter that is not given.

    Raises:
        InvalidRequestError: As :func:`money`.
    """
    return None if value is None else money(name, value)


def positive_money(name: str, value: object) -> Decimal:
    """Return an amount of money of more than 0, exactly.

    Raises:
        InvalidRequestError: It is 0, or as :func:`money`.
    """
    amount = money(name, value)
    if not amount:
        raise InvalidRequestError(f"{name} must be more than 0")
    return amount


def require_parts(amount: Decimal, *parts: Decimal | None) -> None:
    """Reject a tax-free part and a VAT that are together more than the amount that has them.

    Some PGs book what they are sent without a check.

    Raises:
        InvalidRequestError: They are more.
    """
    total = sum((part for part in parts if part is not None), Decimal(0))
    if total > amount:
        raise InvalidRequestError(
            Worded(
                "tax_free and vat_amount are parts of the amount: {total:f} is more than {amount:f}",
                total=total,
                amount=amount,
            )
        )


def whole_money(name: str, value: object) -> Decimal:
    """Return an amount of money of 0 or more, without a fraction.

    Raises:
        InvalidRequestError: It has a fraction, or as :func:`money`.
    """
    amount = money(name, value)
    if amount != amount.to_integral_value():
        raise InvalidRequestError(f"{name} must be a whole number")
    return amount


def exact_number(amount: Decimal) -> int | Decimal:
    """Return an amount as JSON is to write it: whole numbers without a fraction."""
    if amount == amount.to_integral_value():
        return int(amount)
    return Decimal(format(amount.normalize(EXACT), "f"))


def unix_seconds(name: str, time: object) -> int:
    """Return a time in whole Unix seconds, rounded down.

    Raises:
        InvalidRequestError: It is not a datetime, or has no time zone.
    """
    if not isinstance(time, datetime):
        raise InvalidRequestError(f"{name} must be a datetime, not {type_name(time)}")
    if time.utcoffset() is None:
        raise InvalidRequestError(f"{name} must have a time zone")
    return (time - _EPOCH) // _SECOND


def optional_unix_seconds(name: str, time: object) -> int | None:
    """Return a time in whole Unix seconds, rounded down; ``None`` for ``None``.

    Raises:
        InvalidRequestError: It is not a datetime, or has no time zone.
    """
    return None if time is None else unix_seconds(name, time)


def notice_urls(notice_url: str | Sequence[str] | None) -> list[str] | None:
    """Return where the webhooks of a payment go, as a list of URLs.

    Raises:
        InvalidRequestError: It is neither text nor texts.
    """
    several: object = [notice_url] if isinstance(notice_url, str) else notice_url
    if several is None:
        return None
    if not isinstance(several, (list, tuple)):
        raise InvalidRequestError("notice_url must be a str, or a list of them")
    texts = cast("Sequence[object]", several)
    if not all(isinstance(url, str) for url in texts):
        raise InvalidRequestError("notice_url must be a str, or a list of them")
    return [*cast("Sequence[str]", texts)]


def has_slash(value: str) -> bool:
    """Return whether web servers may take a text apart in a path, even when it is quoted."""
    return "/" in value or "\\" in value


def path_value(name: str, value: object) -> str:
    """Return an identifier that is safe as one segment of a path.

    Raises:
        InvalidRequestError: It cannot be one. A slash is rejected as well: web servers refuse a
            quoted slash, or decode it and reach another object.
    """
    validate_identifier(name, value)
    assert isinstance(value, str)
    if has_slash(value):
        raise InvalidRequestError(
            f"{name} has a slash, which web servers take apart even when it is quoted: "
            "PortOne has no other way to name it here"
        )
    return str.__str__(value)  # Not `str(value)`, which for a member of some Enum is its name.


def json_body(extra_body: Mapping[str, Any] | None = None, /, **given: Any) -> SecretDict:
    """Make the JSON body of a call. What is ``None`` is left out.

    A ``Decimal`` becomes an exact number, an aware datetime Unix seconds, a Struct an object.

    Args:
        extra_body: Parameters that this package does not know, sent as they are.
        given: The parameters by the API's names.

    Raises:
        InvalidRequestError: A value cannot be sent, or ``extra_body`` repeats a parameter.
    """
    extra: Mapping[str, Any] = {} if extra_body is None else _named("extra_body", extra_body)
    repeated = sorted(extra.keys() & given.keys())
    if repeated:
        raise InvalidRequestError(f"extra_body repeats parameters of this method: {repeated}")
    members = {name: value for name, value in given.items() if value is not None} | dict(extra)
    try:
        return SecretDict({name: _encoded(name, value) for name, value in members.items()})
    except RecursionError:
        pass  # Raised here, so that no frame of the error holds a value.
    raise InvalidRequestError("the body is nested too deeply")


def _named(name: str, value: Any) -> Mapping[str, Any]:
    """Return a mapping whose keys are names."""
    if not isinstance(value, Mapping):
        raise InvalidRequestError(f"{name} must be a dict, not {type_name(value)}")
    if not all(isinstance(key, str) for key in cast("Mapping[object, Any]", value)):
        raise InvalidRequestError(f"the names in {name} must be of str")
    return cast("Mapping[str, Any]", value)


def _encoded(name: str, value: Any) -> Any:  # noqa: PLR0911 (one per type)
    """Return a value that is encoded in JSON as the API documents it."""
    match value:
        case None | bool() | str():
            return value
        case datetime():
            return unix_seconds(name, value)
        case int():
            return int(value)
        case Decimal():
            return exact_number(money(name, value, minimum=None))
        case Struct():
            fields = {
                field.encode_name: getattr(value, field.name)
                for field in msgspec.structs.fields(value)
            }
            return SecretDict(
                {key: _encoded(f"{name}.{key}", v) for key, v in fields.items() if v is not None}
            )
        case Mapping():
            members = _named(name, value)
            return SecretDict({key: _encoded(f"{name}.{key}", v) for key, v in members.items()})
        case list() | tuple():
            items = cast("Sequence[Any]", value)
            return SecretList(_encoded(f"{name}[{i}]", item) for i, item in enumerate(items))
        case float():
            raise InvalidRequestError(f"{name} must be an int or a Decimal, not a float")
        case _:
            raise InvalidRequestError(f"{name} must not be of {type_name(value)}")
