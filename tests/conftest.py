"""Fixtures that most tests share: a fake PortOne, a client, mocks and a browser."""

from __future__ import annotations

import gc
import logging
import os
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn
from unittest.mock import Mock

import pytest
from aiohttp import ClientResponse
from aioresponses import aioresponses
from hypothesis import settings

from portone_async import PortOneClient, RetryPolicy
from portone_async.resources import _settle
from portone_async.resources.payments import _refund_engine
from portone_async.testing import FakePortOne

from .support.forced_way import WAYS, Way, forced

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

    from .support.report_reader import Report

settings.register_profile("dev", deadline=None, max_examples=60)
settings.register_profile("thorough", deadline=None, max_examples=300)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

# The command line uses the language of the locale: English, unless a test sets another.
os.environ["LANGUAGE"] = "en"

# aiohttp loads the system's certificates when it is imported, which is a quarter of its import in
# each child process. Tests connect to 127.0.0.1 only, with certificates of their own.
os.environ.setdefault("SSL_CERT_FILE", os.devnull)

# A profile of the developer would be refused beside the keys of a fake.
os.environ.pop("PORTONE_PROFILE", None)

# Shells start background jobs with SIGINT ignored, and child processes inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

AT_ONCE = RetryPolicy(backoff_initial=0.0, backoff_max=0.0)
"""Retries without waits."""


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes(specs: list[Any]) -> None:
    """Start xdist's workers with ``-X dev`` where this process has it: they do not inherit it."""
    if sys.flags.dev_mode:
        for spec in specs:
            spec.python = shlex.join([sys.executable, "-X", "dev"])


def pytest_collection_finish() -> None:
    """Exempt the modules and the collected tests from garbage collection.

    They are hundreds of thousands of objects: each full collection, of which some tests force many,
    would take a quarter of a second.
    """
    gc.collect()
    gc.freeze()


# distributed waits for messages with Tornado's timeouts. One that passes while the loop of a test
# ends is reported when it is collected, in any later test. asyncio's own timeouts have no text.
_TORNADO_TIMEOUT = "<Future finished exception=TimeoutError('Timeout')>"


@pytest.fixture(autouse=True)
def _no_lost_errors(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    """Fail if asyncio logs an error that was never raised, or a task that was never awaited."""
    yield
    lost = [
        record.getMessage()
        for record in caplog.get_records("call")
        if record.name == "asyncio" and record.levelno >= logging.ERROR
    ]
    assert not [message for message in lost if _TORNADO_TIMEOUT not in message]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests that use ``way`` on both ways; see ``tests/support/ways.py``."""
    is_single = metafunc.definition.get_closest_marker("one_way") is not None
    if "way" in metafunc.fixturenames and not is_single:
        metafunc.parametrize("way", WAYS, indirect=True)


@pytest.fixture(name="way")
def _way(request: pytest.FixtureRequest) -> Iterator[Way | None]:
    """Make every client of a test take one way, and check that its requests took it."""
    way: Way | None = getattr(request, "param", None)
    if way is None:
        yield None
        return
    with forced(way) as exchanges:
        yield way
    assert set(+exchanges) == {way}, f"exchanges of each way: {dict(exchanges)}"


@pytest.fixture(name="server")
async def _server() -> AsyncIterator[FakePortOne]:
    async with FakePortOne() as server:
        yield server


@pytest.fixture(name="client")
async def _client(server: FakePortOne) -> AsyncIterator[PortOneClient]:
    async with server.client(retry=AT_ONCE, rate_limit=None) as client:
        yield client


@pytest.fixture(name="no_pauses")
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look open outcomes up, and send refunds again, without pauses."""
    monkeypatch.setattr(_settle, "_PAUSES", ())
    monkeypatch.setattr(_settle, "_LAST_PAUSE", 0.0)
    monkeypatch.setattr(_refund_engine, "MIN_AGE", 0.0)


def missing_program(sentence: str) -> NoReturn:
    """Skip a test whose program is not installed; fail on CI, where it must be."""
    if os.environ.get("CI"):
        pytest.fail(sentence)
    pytest.skip(sentence)


class _MockedResponse(ClientResponse):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "stream_writer" in signature(ClientResponse).parameters:
            kwargs.setdefault("stream_writer", Mock())
        super().__init__(*args, **kwargs)


class _Mocks(aioresponses):
    def add(self, *args: Any, **kwargs: Any) -> None:
        add: Any = getattr(super(), "add")  # noqa: B009 (its type has holes)
        add(*args, **({"response_class": _MockedResponse} | kwargs))


@pytest.fixture(name="mocks")
def _mocks() -> Iterator[Any]:
    """Replace the replies and exceptions of aiohttp.

    aioresponses makes a ``ClientResponse`` without the ``stream_writer`` that aiohttp 3.14 wants
    (its issue 289): a class that has one is handed to it here. It patches the session above the
    connection pool, so timeouts, middlewares and short bodies do not exist in it: whatever is
    about those runs against a real server.
    """
    with _Mocks() as mocks:
        yield mocks


@pytest.fixture(name="postgresql", scope="session")
def _postgresql() -> Iterator[str]:
    """Run a PostgreSQL server, and return its address."""
    from .support.postgresql_server import postgresql_server  # noqa: PLC0415 (few tests need it)

    with postgresql_server() as address:
        yield address


@pytest.fixture(name="browser", scope="session")
def _browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chrome]:
    from .support.report_reader import launched  # noqa: PLC0415 (few tests need a browser)

    with launched(tmp_path_factory.mktemp("browser")) as browser:
        yield browser


@pytest.fixture(name="report")
def _report(browser: Chrome, tmp_path: Path) -> Iterator[Report]:
    from .support.report_reader import Report  # noqa: PLC0415 (as above)

    report = Report(browser, tmp_path)
    report.show()
    yield report
    # The browser logs policy violations, failed loads and script errors here.
    assert report.console_messages() == []
