"""A fake PortOne, and a blocking client of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from portone_async.blocking import PortOneClient
from portone_async.testing import FakePortOne
from tests.conftest import AT_ONCE
from tests.support.scripted import UID


@pytest.fixture
def server() -> Iterator[FakePortOne]:
    with FakePortOne() as server:
        server.add(merchant_uid=UID)
        yield server


@pytest.fixture
def client(server: FakePortOne) -> Iterator[PortOneClient]:
    with PortOneClient(
        server.imp_key, server.imp_secret, base_url=server.url, retry=AT_ONCE, rate_limit=None
    ) as client:
        yield client
