"""Fuzz the responses of all operations: the result agrees with the JSON, or is one correct error.

An input is a method of the client and the HTTP status, an empty line, the body::

    cash_receipts.get 200

    {"code": 0, "message": null, "response": {"imp_uid": "imp_1", ...}}
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from types import NoneType
from typing import Any

import msgspec

from portone_async import ApiError, NotFoundError, PortOneError
from portone_async._http.reply import Reply, parse
from portone_async.call import Call
from portone_async.models import Record
from portone_async.models._listing import Listing, Page
from tests.contract.cases import CASES, ENDPOINTS, Case
from tests.contract.deviations import SHORT_ROUTES
from tests.contract.recorder import Recorder, method, record, required_arguments

from .shape import assert_printable, copied

__all__ = ("call_for", "check", "check_reply")

_LONGEST = 2_000
# What PortOne sends for "never" and for "nothing".
_EMPTY: tuple[Any, ...] = (None, "null", "", 0, "0", False, [])


def check(data: bytes) -> None:
    """Decode a response, and compare the result with its JSON.

    Raises:
        AssertionError: They differ.
    """
    head, _, body = data.partition(b"\n\n")
    words = re.fullmatch(rb"([a-z_.]+) ([1-5][0-9]{2})", head)
    if words is None or (call := call_of(words[1].decode())) is None:
        return
    check_reply(call, Reply(int(words[2]), {}, body))


@lru_cache
def call_of(name: str) -> Call[Any] | None:
    """Return the call of a method, with the identifiers of its first sample."""
    cases = [case for case in CASES if case.method == name and not case.before]
    return call_for(cases[0]) if cases else None


def call_for(case: Case) -> Call[Any]:
    """Return the call of a method, with the identifiers of a sample."""
    function = method(Recorder(""), case.method)
    assert function is not None
    endpoint = ENDPOINTS[case.method]
    arguments = required_arguments(function, case.method) | case.arguments
    return record(SHORT_ROUTES.get(endpoint, endpoint), case.method, arguments)


def check_reply(call: Call[Any], reply: Reply) -> None:
    """Decode a reply, and compare the result with its JSON."""
    outcome = parse(call, reply)
    if isinstance(outcome, PortOneError):
        _check_error(reply, outcome)
        return
    try:
        envelope = _decoded(reply.body)
    except RecursionError:
        return  # Too deep for that parser.
    assert 200 <= reply.status < 300
    assert int(envelope["code"]) == 0
    _check_answer(outcome, envelope.get("response"))


def _check_error(reply: Reply, error: PortOneError) -> None:
    assert_printable(str(error), _LONGEST)
    assert copied(error) == error
    if isinstance(error, NotFoundError):
        assert int(_decoded(reply.body)["code"]) != 0
    elif isinstance(error, ApiError) and error.code is not None:
        assert error.code != 0


def _check_answer(answer: Any, sent: Any) -> None:
    # Not narrowed by its type: to pyright a list of any records is one of unknown types.
    items: Any = answer
    if isinstance(answer, Page | Listing):
        items_sent: Any = sent or ()
        if isinstance(sent, dict):
            items_sent = items_sent["list"]
        assert len(items.list) + len(items.unreadable) == len(items_sent)
        if not items.unreadable:
            _check_answer([*items.list], items_sent)
    elif isinstance(answer, list):
        for item, item_sent in zip(items, sent or (), strict=True):
            _check_answer(item, item_sent)
    elif isinstance(answer, Record):
        assert repr(answer).isprintable()
        assert copied(answer) == answer
        assert agrees(answer, sent), (answer, sent)


def agrees(value: Any, sent: Any) -> bool:
    """Return whether a decoded value is what the JSON has."""
    for kind, rule in _RULES:
        if isinstance(value, kind):
            return rule(value, sent)
    return bool(value == sent)


def _is_nothing(_: Any, sent: Any) -> bool:
    return sent in _EMPTY or _is_never(sent)


def _is_flag(value: Any, sent: Any) -> bool:
    return str(sent).lower() in ({"true", "1"} if value else {"false", "0"})


def _is_number(value: Any, sent: Any) -> bool:
    return not isinstance(sent, bool) and Decimal(str(sent)) == value


def _is_time(value: Any, sent: Any) -> bool:
    return bool(_time(sent) == value)


def _is_date(value: Any, sent: Any) -> bool:
    return bool(value.isoformat() == sent)


def _is_list(value: Any, sent: Any) -> bool:
    items: Any = [] if sent in (None, "null") else sent
    return len(items) == len(value) and all(map(agrees, value, items))


def _is_object(value: Any, sent: Any) -> bool:
    return bool(value.keys() == sent.keys())


def _is_record(record: Record, sent: dict[str, Any]) -> bool:
    # An unreadable field is named, with its path; the others are exact.
    odd = {re.split(r"[.\[]", path)[0] for path in getattr(record, "unreadable", ())}
    for field in msgspec.structs.fields(record):
        if field.name == "unreadable" or field.name in odd or field.encode_name in odd:
            continue
        value = getattr(record, field.name)
        if field.encode_name in sent:
            if not agrees(value, sent[field.encode_name]):
                return False
        elif value not in (None, (), field.default):
            return False
    return True


# The first one that fits: a bool is an int, and a datetime is a date.
_RULES: tuple[tuple[Any, Callable[[Any, Any], bool]], ...] = (
    (NoneType, _is_nothing),
    (bool, _is_flag),
    ((Decimal, int), _is_number),
    (datetime, _is_time),
    (date, _is_date),
    (tuple, _is_list),
    (Record, _is_record),
    (dict, _is_object),
)


def _is_never(sent: Any) -> bool:
    try:
        return _time(sent) <= datetime(1970, 1, 1, tzinfo=UTC)
    except (TypeError, ValueError, OverflowError):
        return False


def _time(sent: Any) -> datetime:
    try:
        return datetime.fromtimestamp(float(sent), UTC)
    except ValueError:
        return datetime.fromisoformat(sent)


def _decoded(body: bytes) -> dict[str, Any]:
    text = body.decode("utf-8-sig")
    decoded: dict[str, Any] = json.loads(text, parse_float=_number, parse_int=_number)
    return decoded


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")  # Beyond any exponent.
