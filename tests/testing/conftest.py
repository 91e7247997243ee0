"""A fake server for each test of the fake."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from portone_async.testing import FakePortOne


@pytest.fixture
async def server() -> AsyncIterator[FakePortOne]:
    async with FakePortOne() as server:
        yield server
