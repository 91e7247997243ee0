"""Keep the secret and personal arguments of a method out of tracebacks and messages."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import wraps
from types import NoneType
from typing import Any, ParamSpec, TypeVar, cast

import msgspec
from msgspec import Struct

from portone_async._redact import Secret, SecretDict, SecretList
from portone_async.errors import InvalidRequestError

__all__ = ("confidential", "confidential_blocking", "secrets_in")

P = ParamSpec("P")
T = TypeVar("T")
Method = Callable[P, Coroutine[Any, Any, T]]

# Parameters of the API that are secret, or about a person.
_NAMES = frozenset({
    "addr", "address", "address_line_1", "address_line_2", "barcode",
    "benepia_member_code", "benepia_password", "benepia_user", "birth", "browser_ip",
    "business_registration_number", "buyer_addr", "buyer_email", "buyer_name", "buyer_postcode", "buyer_tel", "bypass", "card_number",
    "code_verifier", "company_tel", "custom_data", "cust_ip", "customer_addr", "customer_email",
    "customer_name", "customer_postcode", "customer_tel", "cvc", "escrow_password", "expiry",
    "gender_digit", "identifier", "otp", "pg_api_key", "phone", "postcode", "pwd_2digit",
    "refund_account", "refund_holder", "refund_tel", "secure_3d_charge_id", "secure_3d_token",
    "shipping_address_city", "shipping_address_email", "shipping_address_firstname",
    "shipping_address_lastname", "shipping_address_phone", "shipping_address_state",
    "shipping_address_street", "shipping_address_zip", "tel", "vbank_holder", "vbank_key",
    "vbank_num",
})  # fmt: skip

# Of what else a parameter of these may be, nothing is printed: an Item, or an object of JSON.
_HIDEABLE = (str, NoneType, Mapping, list, tuple, Struct)


def confidential(*names: str) -> Callable[[Method[P, T]], Method[P, T]]:
    """Hide the secret and personal arguments of a method from tracebacks.

    The method receives them as :class:`Secret` and its like, which print nothing. The arguments
    are replaced before it runs, so no frame of this package holds the originals.

    Args:
        names: Parameters to hide, in addition to those that are always secret or personal.
    """

    def decorate(method: Method[P, T]) -> Method[P, T]:
        hide = _hides(method, names)

        # A coroutine function, which frameworks recognize: a background task is awaited.
        @wraps(method)
        async def call(*args: P.args, **kwargs: P.kwargs) -> T:
            hide(kwargs)
            return await method(*args, **kwargs)

        return call

    return decorate


def confidential_blocking(*names: str) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Hide the arguments of a method that is not a coroutine function, as :func:`confidential` does."""

    def decorate(method: Callable[P, T]) -> Callable[P, T]:
        hide = _hides(method, names)

        @wraps(method)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            hide(kwargs)
            return method(*args, **kwargs)

        return call

    return decorate


def _hides(method: Callable[..., Any], names: Iterable[str]) -> Callable[[dict[str, Any]], None]:
    """Return what replaces the arguments of a method that are secret or about a person."""
    hidden = _NAMES | frozenset(names)
    parameters = frozenset(inspect.signature(method).parameters)

    def hide(arguments: dict[str, Any]) -> None:
        for name in tuple(arguments):
            if name in _NAMES and not isinstance(arguments[name], _HIDEABLE):
                kind = type(arguments[name]).__name__
                arguments.clear()
                # As a number it would lose its leading zeros, and be in every traceback.
                raise InvalidRequestError(f"{name} must be a str, not {kind}")
            # A misspelt parameter is as secret as the one that was meant.
            is_personal = name in hidden or name not in parameters
            with suppress(RecursionError):
                arguments[name] = _hidden(arguments[name], is_personal=is_personal)
                continue
            arguments.clear()
            raise InvalidRequestError(f"{name} is nested too deeply")

    return hide


def secrets_in(body: Any, *names: str) -> frozenset[Secret]:
    """Collect the texts in a body that are secret or about a person, by the names of its members.

    Args:
        body: A body, or a part of one.
        names: Members to collect, in addition to those that are always secret or personal.
    """
    return frozenset(map(Secret, _texts(body, _NAMES | frozenset(names))))


def _hidden(value: Any, *, is_personal: bool) -> Any:
    """Return an argument that prints nothing, at any depth; unchanged if it may be printed."""
    if isinstance(value, str):
        # `str(value)` of a member of some Enum is its name.
        return Secret(str.__str__(value)) if is_personal else value
    if isinstance(value, Struct):
        return value  # An Item, whose repr is closed.
    if isinstance(value, Mapping):
        members = cast("Mapping[str, Any]", value)
        return SecretDict(
            {name: _hidden(member, is_personal=True) for name, member in members.items()}
        )
    if isinstance(value, (list, tuple)):
        items = cast("Sequence[Any]", value)
        return SecretList(_hidden(item, is_personal=is_personal) for item in items)
    return value


def _texts(value: Any, names: frozenset[str]) -> Iterator[str]:
    """List the secret texts in a value, at any depth."""
    left: list[tuple[Any, bool]] = [(value, False)]
    while left:
        value, is_secret = left.pop()
        if isinstance(value, Struct):
            value = msgspec.structs.asdict(value)
        if isinstance(value, Mapping):
            members = cast("Mapping[str, Any]", value).items()
            left += [(member, is_secret or name in names) for name, member in members]
        elif isinstance(value, (list, tuple)):
            left += [(item, is_secret) for item in cast("Sequence[Any]", value)]
        elif is_secret and value is not None and not isinstance(value, bool):
            yield str(value)
