"""Fixtures of the tests of the documentation."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator

import pytest

from portone_async.testing import FakePortOne
from portone_async.testing.samples import add_samples
from tests.support.environment import set_environment
from tests.support.examples import ROOT


@pytest.fixture
async def server(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FakePortOne]:
    """Run a fake PortOne in whose environment the blocks run."""
    # The payments are a minute old: a period that has ended contains them.
    async with FakePortOne(now=time.time() - 60) as server:
        add_samples(server)
        server.billing_keys.add(customer_uid="member-1-card-1")
        set_environment(monkeypatch, server)
        monkeypatch.setenv("PORTONE_PROFILES_FILE", "")  # A block sets it, and this unsets it.
        # The package may not be installed, and the server is on this machine.
        monkeypatch.setenv("PYTHONPATH", str(ROOT))
        monkeypatch.setenv("PYTHONUTF8", "1")
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
        yield server
