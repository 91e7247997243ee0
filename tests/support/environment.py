"""The environment variables with which ``PortOneClient.from_env()`` reaches a fake PortOne."""

from __future__ import annotations

import pytest

from portone_async.testing import FakePortOne

__all__ = ("set_environment",)


def set_environment(monkeypatch: pytest.MonkeyPatch, server: FakePortOne) -> None:
    """Set the variables in this process; unset that of a Tier."""
    monkeypatch.setenv("PORTONE_BASE_URL", server.url)
    monkeypatch.setenv("PORTONE_IMP_KEY", server.imp_key)
    monkeypatch.setenv("PORTONE_IMP_SECRET", server.imp_secret)
    monkeypatch.delenv("PORTONE_TIER", raising=False)
