"""Fixtures of the tests of the examples."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from portone_async.testing import FakePortOne
from tests.support.canaries import canary_server
from tests.support.environment import set_environment
from tests.support.example_apps import SERVED, App
from tests.support.examples import loaded


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakePortOne]:
    """Run a fake PortOne whose address and keys are in the environment."""
    async with canary_server() as server:
        set_environment(monkeypatch, server)
        yield server


@pytest.fixture
def without_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KEY", "SECRET"):
        monkeypatch.delenv(f"PORTONE_IMP_{name}", raising=False)
    for name in ("BASE_URL", "TIER"):
        monkeypatch.delenv(f"PORTONE_{name}", raising=False)


@pytest.fixture(params=sorted(SERVED))
async def example(request: pytest.FixtureRequest, server: FakePortOne) -> Any:
    return loaded(request.param)


@pytest.fixture
async def app(example: Any, request: pytest.FixtureRequest) -> AsyncIterator[App]:
    served = SERVED[request.node.callspec.params["example"]]
    # No proxy of this machine's environment comes between.
    async with served(example) as url, httpx.AsyncClient(timeout=None, trust_env=False) as visitor:
        yield App(example, url, visitor)


@pytest.fixture(autouse=True)
def _everything_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
