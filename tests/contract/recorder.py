"""A client that records calls and makes none, and arguments for any method by its signature."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import UTC, datetime
from decimal import Decimal
from types import NoneType, UnionType
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints

from msgspec import Struct

from portone_async import PortOneError
from portone_async._http.reply import Reply, parse
from portone_async._sections import Sections
from portone_async.call import Call, Repeat
from portone_async.models._item import Item
from portone_async.operations import OPERATIONS, Operation
from tests.support.sample_bodies import SAMPLES
from tests.support.samples import CARD_PAID, NOT_FOUND, body, ok

__all__ = (
    "METHODS",
    "VARIANTS",
    "Arguments",
    "Method",
    "Recorder",
    "alternatives",
    "arguments_of",
    "finish",
    "item_in",
    "method",
    "name_of",
    "record",
    "required_arguments",
    "split",
    "words_in",
)

T = TypeVar("T")
Arguments = dict[str, Any]
Method = Callable[..., Any]

METHODS = tuple(operation for operation in OPERATIONS if operation.call is not None)
"""The operations that have a method of the client, each with its own."""

VARIANTS = (
    Operation("POST", "/payments/cancel", "payments.cancel_all", Repeat.UNSAFE, "Payment"),
    Operation("POST", "/payments/prepare", "prepared.ensure", Repeat.GUARDED, "PreparedPayment"),
)
"""Other methods that send an operation, with other parameters."""

BALANCE = 50_000
"""The balance of the payment that look-ups return."""
_PAYMENT = CARD_PAID | {"amount": BALANCE, "cancel_amount": 0}
_FAILED = SAMPLES["schedule_single_failed"].body["response"]
THEN = datetime(2026, 12, 1, tzinfo=UTC)

_BY_NAME: Mapping[str, Any] = {
    "amount": 20_000,
    "checksum": BALANCE,
    "imp_uid": CARD_PAID["imp_uid"],
    "since": datetime(2026, 10, 1, tzinfo=UTC),
    "until": datetime(2026, 11, 1, tzinfo=UTC),
    "schedule_at": datetime(2030, 1, 1, tzinfo=UTC),
    "expiry": "2030-01",
    "tier_code": "A01",
    "prepaid_auth_yn": "Y",
    "settle": 0,
    "extra": {"naverUseCfm": "20301231"},
    "page_size": 7,
}
"""Values of parameters whose format a method may check."""


VALUES: Mapping[str, Arguments] = {
    # The first of the documented methods needs two parameters that are otherwise optional.
    "naver.ship": {"delivery_method": "NOTHING"},
    "naver.ship_exchanged": {"delivery_method": "NOTHING"},
    # Both change what the method does rather than what it sends.
    "billing_keys.issue": {"only_new": False},
    "benepia.pay": {"test": False},
}
"""Values for one method, where its parameters depend on each other."""


class Recorded(Exception):  # noqa: N818 (it reports a success)
    """The call that a test waits for was made."""


class Recorder(Sections):
    """A client whose ``call`` records; look-ups before the one that counts are answered.

    Args:
        until: Method and the beginning of the route of the call that ends the recording.
    """

    def __init__(self, until: str) -> None:
        self._until = until
        self.calls: list[Call[Any]] = []

    async def call(self, call: Call[T], /) -> T:
        self.calls.append(call)
        if call.endpoint == self._until:
            raise Recorded
        outcome = parse(call, _answer(call))
        if isinstance(outcome, PortOneError):
            raise outcome
        return outcome

    def exclusive(self, name: str, /) -> AbstractAsyncContextManager[None]:
        del name
        return nullcontext()


def _answer(call: Call[Any]) -> Reply:
    """Answer a look-up that comes before a call: the payment exists, the order number is unused."""
    if call.endpoint == "GET /payments/{imp_uid}":
        return Reply(200, {}, ok(_PAYMENT))
    if call.endpoint.startswith("GET /payments/findAll/") or call.endpoint == "GET /payments":
        return Reply(404, {}, body(NOT_FOUND))
    if call.endpoint == "GET /payments/{imp_uid}/naver/product-orders":
        return Reply(200, {}, ok([]))
    if call.endpoint == "GET /subscribe/customers/{customer_uid}":
        return Reply(200, {}, ok(dict(call.path or {})))
    if call.endpoint == "GET /subscribe/payments/schedule/{merchant_uid}":
        return Reply(200, {}, ok(_FAILED | dict(call.path or {})))
    raise AssertionError(f"unexpected look-up: {call.endpoint}")


def method(client: Sections, name: str) -> Method | None:
    """Return a method of a client by its name, as in ``payments.find``; ``None`` if it has none."""
    section, _, function = name.partition(".")
    found: Method | None = getattr(getattr(client, section, None), function, None)
    return found


def name_of(operation: Operation) -> str:
    """Return the method of an operation that has one."""
    assert operation.call is not None
    return operation.call


def record(endpoint: str, name: str, arguments: Arguments) -> Call[Any]:
    """Call a method until it makes the call of an operation, and return that call.

    Raises:
        AssertionError: It ends without that call.
    """
    recorder = Recorder(endpoint)
    function = method(recorder, name)
    assert function is not None, name
    positional, keywords = split(function, arguments)
    try:
        asyncio.run(finish(function(*positional, **keywords)))
    except Recorded:
        return recorder.calls[-1]
    raise AssertionError(f"{name} made {[call.endpoint for call in recorder.calls]}")


async def finish(result: Any) -> None:
    """Await what a method returns, or iterate over it."""
    if inspect.isawaitable(result):
        await result
    elif hasattr(result, "__aenter__"):
        async with result as stream:
            await _first(stream)
    else:
        await _first(result)


async def _first(results: AsyncIterable[Any]) -> None:
    async for _ in results:
        break


def split(function: Method, arguments: Arguments) -> tuple[list[Any], Arguments]:
    """Pass the positional parameters by position, as users do."""
    first: list[str] = []
    for name, parameter in inspect.signature(function).parameters.items():
        if parameter.kind is inspect.Parameter.KEYWORD_ONLY or name not in arguments:
            break
        first.append(name)
    keywords = {name: value for name, value in arguments.items() if name not in first}
    return [arguments[name] for name in first], keywords


def required_arguments(function: Method, name: str) -> Arguments:
    """Make a value for each parameter that a method requires."""
    parameters = inspect.signature(function).parameters
    return {
        each: value
        for each, value in arguments_of(function, name).items()
        if parameters[each].default is inspect.Parameter.empty
    }


def arguments_of(function: Method, name: str) -> Arguments:
    """Make a value for each parameter of a method, by its type."""
    hints = get_type_hints(function)
    arguments = {
        each: value_of(each, hints[each]) for each in inspect.signature(function).parameters
    }
    return arguments | {
        each: value for each, value in VALUES.get(name, {}).items() if each in arguments
    }


def value_of(name: str, hint: Any) -> Any:
    """Return a value of a type: another one for each name."""
    if name in _BY_NAME:
        return _BY_NAME[name]
    words = words_in(hint)
    return words[0] if words else _by_type(name, alternatives(hint))


def words_in(hint: Any) -> list[str]:
    """List the words that a type offers, as in ``Literal["paid", "failed"] | str``."""
    kinds = alternatives(hint)
    return [str(word) for kind in kinds if get_origin(kind) is Literal for word in get_args(kind)]


def _by_type(name: str, kinds: list[Any]) -> Any:
    for kind, value in {
        bool: True,
        datetime: THEN,
        Decimal: 100 + sum(name.encode()) % 800,
        int: 100 + sum(name.encode()) % 800,
        str: f"{name}-1",
    }.items():
        if kind in kinds:
            return value
    for kind in kinds:
        origin = get_origin(kind) or kind
        if issubclass(origin, Struct):
            return filled(origin)
        if issubclass(origin, Mapping):
            return {f"{name}_extra": "1"}
        if issubclass(origin, Iterable):
            return [value_of(name, get_args(kind)[0])]
    raise AssertionError(f"no value for {name}: {kinds}")


def filled(kind: type[Struct]) -> Struct:
    """Return an item with every field set."""
    hints = get_type_hints(kind)
    return kind(**{name: value_of(name, hints[name]) for name in kind.__struct_fields__})


def alternatives(hint: Any) -> list[Any]:
    if get_origin(hint) in (Union, UnionType):
        return [each for part in get_args(hint) for each in alternatives(part)]
    return [] if hint is NoneType else [hint]


def item_in(hint: Any) -> type[Item] | None:
    """Return the class of items in a type, as in ``Sequence[ScheduleItem | dict]``."""
    for part in alternatives(hint):
        if isinstance(part, type) and issubclass(part, Item):
            return part
        for inner in get_args(part):
            if (found := item_in(inner)) is not None:
                return found
    return None
