"""Real servers for the tests of shared throttles."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.store_server import SERVERS, StoreServer, store_server


@pytest.fixture(name="store_server", params=SERVERS)
def _store_server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[StoreServer]:
    """Run a server of each kind, with a password."""
    with store_server(
        request.param, tmp_path, "--requirepass", "planted-password-of-the-store"
    ) as (server):
        yield server
