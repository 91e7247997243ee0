"""The pytest fixtures ``portone_server`` and ``portone_client``.

Every project that has portone-async installed imports this in every test run, so nothing is
imported here before a test asks for it.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from portone_async.client import PortOneClient

    from .server import FakePortOne

try:
    from pytest_asyncio import fixture
except ImportError:
    _ADVICE = "The fixtures of portone-async need pytest-asyncio: pip install 'portone-async[test]'"

    @pytest.fixture(name="portone_server")
    def _portone_server() -> None:
        pytest.fail(_ADVICE, pytrace=False)

    @pytest.fixture(name="portone_client")
    def _portone_client() -> None:
        pytest.fail(_ADVICE, pytrace=False)

else:

    @fixture
    async def portone_server() -> AsyncIterator[FakePortOne]:
        """A running :class:`FakePortOne` without payments."""
        from .server import FakePortOne  # noqa: PLC0415 (only when asked for)

        async with FakePortOne() as server:
            yield server

    @fixture
    async def portone_client(portone_server: FakePortOne) -> AsyncIterator[PortOneClient]:
        """A client of ``portone_server`` that retries at once and is not throttled."""
        from portone_async import RetryPolicy  # noqa: PLC0415 (only when asked for)

        retry = RetryPolicy(backoff_initial=0.0, backoff_max=0.0)
        async with portone_server.client(retry=retry, rate_limit=None) as client:
            yield client
