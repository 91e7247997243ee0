"""No error of a blocking method leaks a secret or personal argument, also in the frames here."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from portone_async import InvalidRequestError, PortOneError
from portone_async._http.reply import Reply
from portone_async.blocking import PortOneClient
from portone_async.blocking._engine import Engine
from portone_async.operations import Operation
from tests.contract.recorder import METHODS, VARIANTS, method, name_of, split
from tests.security.test_secrets_operations import arguments_with_secrets, failures
from tests.support.failing import failing_client
from tests.support.leaks import leaked, texts_of
from tests.support.scripted import Outcome


class Facade(PortOneClient):
    """A blocking client for which one operation fails."""

    def __init__(self, operation: Operation, outcome: Outcome) -> None:
        self._engine = Engine(lambda: failing_client(operation.endpoint, outcome)[0])


@pytest.mark.parametrize("operation", [*METHODS, *VARIANTS], ids=name_of)
def test_error_of_a_blocking_method_leaks_no_argument(
    operation: Operation, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    arguments = arguments_with_secrets(operation)
    secrets = set(texts_of(arguments, name_of(operation)))
    with Facade(operation, failures(secrets)["refused"]) as client:
        function: Any = method(client, name_of(operation))  # type: ignore[arg-type]  # it has the sections
        positional, keywords = split(function, arguments)
        with pytest.raises(PortOneError) as caught:
            list(function(*positional, **keywords))

    assert leaked(secrets, caught.value, caplog.text) == set()


def test_items_of_a_generator_leak_nothing() -> None:
    booking = next(each for each in METHODS if each.call == "schedules.create")
    arguments = arguments_with_secrets(booking)
    secrets = set(texts_of(arguments, name_of(booking)))
    arguments["schedules"] = (item for item in arguments["schedules"])
    with Facade(booking, Reply(400, {}, b"{}")) as client, pytest.raises(PortOneError) as caught:
        client.schedules.create(**arguments)

    assert leaked(secrets, caught.value) == set()


@pytest.mark.parametrize("create", [PortOneClient.from_env, PortOneClient.from_profile])
def test_class_method_does_not_show_the_password_of_a_url(
    create: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PORTONE_PROFILES_FILE", str(tmp_path / "none.toml"))
    password = "canary-of-a-proxy"
    url = f"http://user:{password}@proxy.example:1"
    with pytest.raises(InvalidRequestError) as caught:
        create(proxy=url, base_url=url, tier=1)

    assert leaked({password}, caught.value) == set()
