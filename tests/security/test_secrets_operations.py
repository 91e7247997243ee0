"""No error of any operation leaks a secret or personal argument, however the operation fails.

Methods and parameters come from the signatures: a new one is tested without a change here.
"""

from __future__ import annotations

import contextlib
import inspect
import logging
from typing import Any

import pytest

from portone_async import (
    ConnectionFailedError,
    PortOneError,
    RequestTimeoutError,
)
from portone_async._http.reply import Reply
from portone_async.operations import Operation
from tests.contract.recorder import (
    METHODS,
    VARIANTS,
    Arguments,
    arguments_of,
    method,
    name_of,
    split,
)
from tests.support.failing import failing_client
from tests.support.leaks import leaked, planted, secret_of, texts_of
from tests.support.samples import body
from tests.support.scripted import Outcome
from tests.support.virtual_time import run

ALL = (*METHODS, *VARIANTS)
EXTRA: dict[str, Any] = {
    "new_secret": "planted-extra-심어둔",
    "nested": {"card_number": "planted-nested-심어둔", "list": [{"deep": "planted-deep-심어둔"}]},
}
NOT_REPEATED = {
    "planted-extra-심어둔",
    "planted-deep-심어둔",
    secret_of("reason"),
    secret_of("memo"),
}
"""What no response repeats here. A message keeps it: free text of the shop, which may be a part of
any message, and members of ``extra_body`` whose names are not known to be secret."""


def unprocessed(kind: type[Any]) -> Outcome:
    error: PortOneError = kind("nothing came back")
    return error


def failures(secrets: set[str]) -> dict[str, Outcome]:
    """Return every way in which an operation may fail, with the secrets repeated where it can."""
    secrets = secrets - NOT_REPEATED
    echo = " / ".join(sorted(secrets))
    refusal = {"code": -1, "message": f"거절: {echo}", "response": None}
    page = f"<html><body>{echo}</body></html>".encode()
    odd = {"code": 0, "message": None, "response": {"odd": sorted(secrets)}}
    return {
        "refused": Reply(200, {}, body(refusal)),
        "refused with 400": Reply(400, {}, body(refusal)),
        "refused with 404": Reply(404, {}, body(refusal)),
        "refused with 500": Reply(500, {}, body(refusal)),
        "page": Reply(502, {}, page),
        "page with 200": Reply(200, {}, page),
        "redirect": Reply(302, {"Location": f"https://evil.example/{echo}"}, page),
        "other schema": Reply(200, {}, body(odd)),
        "truncated": Reply(200, {}, body(refusal)[:-9]),
        "timeout": unprocessed(RequestTimeoutError),
        "reset": unprocessed(ConnectionFailedError),
    }


def arguments_with_secrets(operation: Operation) -> Arguments:
    function = method(
        failing_client(operation.endpoint, Reply(200, {}, b""))[0], name_of(operation)
    )
    assert function is not None
    arguments = {
        name: planted(value, f"{operation.call}.{name}")
        for name, value in arguments_of(function, name_of(operation)).items()
    }
    return arguments | ({"extra_body": EXTRA} if "extra_body" in arguments else {})


async def failed(
    operation: Operation, outcome: Outcome, arguments: Arguments
) -> PortOneError | None:
    """Return the error of an operation with these arguments."""
    client, _ = failing_client(operation.endpoint, outcome)
    function = method(client, name_of(operation))
    assert function is not None
    positional, keywords = split(function, arguments)
    async with client:
        try:
            await _finish(function(*positional, **keywords))
        except PortOneError as error:
            return error
    return None


async def _finish(result: Any) -> None:
    if inspect.isawaitable(result):
        await result
    elif hasattr(result, "__aenter__"):
        async with result as stream:
            async for _ in stream:
                pass
    else:
        async for _ in result:
            pass


# One test for all failures of an operation: each would take longer than what it asserts.
@pytest.mark.parametrize("operation", ALL, ids=name_of)
def test_error_leaks_no_argument(operation: Operation, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    arguments = arguments_with_secrets(operation)
    secrets = set(texts_of(arguments, name_of(operation)))
    for failure, outcome in failures(secrets).items():
        records, length = len(caplog.records), len(caplog.text)
        error = run(failed(operation, outcome, arguments))

        new = caplog.records[records:]
        log = [caplog.text[length:], *(repr(vars(record)) for record in new)]
        if error is None:
            # A look-up settled it; or PortOne documents no response, so that any is accepted.
            assert failure not in ("refused", "refused with 400")
            error = PortOneError()
        assert leaked(secrets, error, *log) == set(), failure


WITH_EXTRA = [each for each in ALL if "extra_body" in arguments_with_secrets(each)]


@pytest.mark.parametrize("operation", WITH_EXTRA, ids=name_of)
def test_argument_that_cannot_be_sent_leaks_no_other(operation: Operation) -> None:
    arguments = arguments_with_secrets(operation)
    odd = EXTRA["nested"] | {"list": [{"deep": "planted-deep-심어둔", "odd": object()}]}
    arguments["extra_body"] = EXTRA | {"nested": odd}
    secrets = set(texts_of(arguments, name_of(operation)))
    error = run(failed(operation, Reply(200, {}, b""), arguments))

    assert error is not None
    assert leaked(secrets, error) == set()


@pytest.mark.parametrize("operation", ALL, ids=name_of)
def test_operation_with_secrets_is_sent(operation: Operation) -> None:
    client, transport = failing_client(operation.endpoint, failures(set())["refused"])
    function = method(client, name_of(operation))
    assert function is not None
    positional, keywords = split(function, arguments_with_secrets(operation))

    async def carry_out() -> None:
        async with client:
            with contextlib.suppress(PortOneError):
                await _finish(function(*positional, **keywords))

    run(carry_out())
    assert transport.failures > 0


def test_each_operation_with_a_body_takes_extra_body() -> None:
    with_body = {name_of(each) for each in ALL if each.method in ("POST", "PUT")}

    assert with_body == {name_of(each) for each in WITH_EXTRA}
