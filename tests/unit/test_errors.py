"""Test the error classes: tree, messages, equality and pickling."""

from __future__ import annotations

import copy
import copyreg
import importlib
import inspect
import pickle
import pkgutil
import re
from collections.abc import Iterator

import pytest

from portone_async import (
    ApiError,
    Attempt,
    DeadlineExceededError,
    InvalidRequestError,
    PortOneError,
    RateLimitedError,
    ReplyInfo,
    RequestTimeoutError,
    TransientError,
    errors,
    resources,
)
from portone_async.answer import Headers

ALL = [getattr(errors, name) for name in errors.__all__ if name.endswith("Error")]
ATTEMPT = Attempt(
    method="GET", route="/x/{y}", number=1, elapsed=0.5, status=503, error="ServerError"
)


def full(kind: type[PortOneError]) -> PortOneError:
    error = kind("it went wrong", status=503, excerpt="<html>")
    error.endpoint = "GET /x/{y}"
    error.identifiers = {"merchant_uid": "order-1"}
    error.attempts = (ATTEMPT,)
    error.elapsed = 1.5
    error.gave_up = "enough"
    error.reply = ReplyInfo(status=503, headers=Headers({"Date": "Thu"}), elapsed=0.5)
    return error


def test_docstring_tree_matches_the_classes() -> None:
    doc = inspect.getdoc(errors) or ""
    drawn: dict[str, set[str]] = {}
    above: list[str] = []
    for line in doc.splitlines():
        if matched := re.match(r"([\s│├└─]*)(\w+Error)\b", line):
            depth = len(matched[1]) // 4 - 1
            above[depth:] = [matched[2]]
            drawn.setdefault(matched[2], set()).update(above[depth - 1 : depth] if depth else set())
    real = {
        kind.__name__: {base.__name__ for base in kind.__bases__ if base in ALL} for kind in ALL
    }

    assert drawn == real


def test_every_public_error_has_advice() -> None:
    for module in pkgutil.walk_packages(resources.__path__, f"{resources.__name__}."):
        importlib.import_module(module.name)
    without = [kind.__name__ for kind in _public_errors(PortOneError) if not kind.advice]

    # The reason of an invalid request names the argument, and what it must be.
    assert without == ["InvalidRequestError"]


def _public_errors(kind: type[PortOneError]) -> Iterator[type[PortOneError]]:
    for child in kind.__subclasses__():
        is_of_package = child.__module__.startswith("portone_async.")
        if is_of_package and not child.__name__.startswith("_"):
            yield child
        yield from _public_errors(child)


@pytest.mark.parametrize("kind", ALL)
def test_copy_has_its_own_attributes_where_pickling_is_replaced(
    kind: type[PortOneError], monkeypatch: pytest.MonkeyPatch
) -> None:
    # As tblib does, which Dask installs.
    def reduce(error: PortOneError) -> tuple[object, ...]:
        return _with_attributes, (kind, vars(error))

    monkeypatch.setitem(copyreg.dispatch_table, kind, reduce)
    error = full(kind)
    twin = copy.copy(error)
    twin.endpoint = "GET /another"

    assert error.endpoint == "GET /x/{y}"
    assert (twin.args, str(twin.attempts)) == (error.args, str(error.attempts))


def _with_attributes(kind: type[PortOneError], attributes: dict[str, object]) -> PortOneError:
    error = kind.__new__(kind)
    error.__dict__ = attributes
    return error


@pytest.mark.parametrize("kind", ALL)
def test_every_error_survives_pickle_and_copies(kind: type[PortOneError]) -> None:
    error = full(kind)

    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert twin == error
        assert hash(twin) == hash(error)
        assert type(twin) is kind
        assert str(twin) == str(error)
        assert vars(twin) == vars(error)


@pytest.mark.parametrize("kind", ALL)
def test_every_error_has_one_root_and_is_transient_by_class(
    kind: type[PortOneError],
) -> None:
    assert issubclass(kind, PortOneError)
    assert full(kind).is_transient is issubclass(kind, TransientError)


@pytest.mark.parametrize("kind", ALL)
def test_every_message_has_request_reason_and_attempts(
    kind: type[PortOneError],
) -> None:
    text = str(full(kind))

    for part in (
        "GET /x/{y}",
        "order-1",
        "it went wrong",
        "<html>",
        "once",
        "1.50 s",
        "503",
        "enough",
    ):
        assert part in text
    assert kind.advice in text
    assert "\n" not in text


def test_errors_are_equal_by_value() -> None:
    assert full(ApiError) == full(ApiError)
    assert full(ApiError) != full(RateLimitedError)
    other = full(ApiError)
    other.elapsed = 2.0
    assert full(ApiError) != other
    assert full(ApiError) != "it went wrong"


def test_builtin_exceptions_catch_their_subclasses() -> None:
    assert issubclass(InvalidRequestError, ValueError)
    assert issubclass(RequestTimeoutError, TimeoutError)
    assert issubclass(DeadlineExceededError, TimeoutError)
    with pytest.raises(TimeoutError):
        raise RequestTimeoutError("late")


def test_message_escapes_control_characters_but_not_korean() -> None:
    error = full(ApiError)
    error.identifiers = {"merchant_uid": "주문\x1b[31m\u202e"}

    assert "주문" in str(error)
    assert "\x1b" not in str(error)
    assert "\u202e" not in str(error)


def test_api_error_has_code_message_and_retry_after() -> None:
    error = ApiError("no", status=400, code=-1, message="안 됨", retry_after=3.0)

    assert (error.code, error.message, error.retry_after) == (-1, "안 됨", 3.0)
    assert pickle.loads(pickle.dumps(error)) == error


def test_attempt_is_an_immutable_value() -> None:
    assert pickle.loads(pickle.dumps(ATTEMPT)) == ATTEMPT
    assert hash(ATTEMPT) == hash(copy.copy(ATTEMPT))
    with pytest.raises(AttributeError):
        ATTEMPT.number = 2  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]  # the point


def test_mismatch_names_its_order_without_an_endpoint() -> None:
    error = errors.PaymentMismatchError("amount is 999, not 1000")
    error.identifiers = {"merchant_uid": "order-1", "imp_uid": "imp_1"}

    assert str(error).startswith("merchant_uid='order-1', imp_uid='imp_1': amount is 999")
    error.endpoint = "GET /x/{imp_uid}"
    assert str(error).startswith(
        "GET /x/{imp_uid} (merchant_uid='order-1', imp_uid='imp_1'): amount is 999"
    )
