"""Fixtures of the tests of the command line."""

from __future__ import annotations

import pytest

from portone_async.testing import FakePortOne


@pytest.fixture
def environment(server: FakePortOne, monkeypatch: pytest.MonkeyPatch) -> None:
    """Set the environment variables that a client reads to the address and keys of the fake."""
    monkeypatch.setenv("PORTONE_BASE_URL", server.url)
    monkeypatch.setenv("PORTONE_IMP_KEY", server.imp_key)
    monkeypatch.setenv("PORTONE_IMP_SECRET", server.imp_secret)
    monkeypatch.delenv("PORTONE_TIER", raising=False)
