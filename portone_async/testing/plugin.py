"""The pytest fixtures ``portone_server`` and ``portone_client``.

Packages install this file as the top-level module ``_portone_async_pytest`` (pyproject.toml,
force-include). pytest imports it in every run of every project where portone-async is installed,
and importing a module of the package would load the whole client. So this file imports nothing of
the package before a test requests a fixture. An editable install has a copy of it: install again
after a change.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from portone_async import PortOneClient
    from portone_async.testing import FakePortOne


@pytest.fixture
def portone_server() -> Iterator[FakePortOne]:
    """Run a :class:`FakePortOne` without payments.

    It serves from its own thread, so it works in tests of any kind, including plain ``def test_``.
    Exceptions of your own faults are raised when the test ends.
    """
    from portone_async.testing import FakePortOne  # noqa: PLC0415 (loaded on request)

    with FakePortOne() as server:
        yield server


@pytest.fixture
def portone_client(
    request: pytest.FixtureRequest, portone_server: FakePortOne
) -> Iterator[PortOneClient]:
    """Return a client of ``portone_server`` that retries without waiting and is not throttled.

    It belongs to the first event loop that uses it: that of an async test under pytest-asyncio
    (any loop scope) or anyio's plugin, of ``asyncio.run()``, or of an app in a test client. It is
    closed after the test.
    """
    from portone_async.testing import client_fixture  # noqa: PLC0415 (loaded on request)

    client_fixture.refuse_trio(request)
    client = client_fixture.new_client(portone_server)
    yield client
    client_fixture.close_client(client)
