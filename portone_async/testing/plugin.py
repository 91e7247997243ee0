"""The pytest fixtures ``portone_server`` and ``portone_client``.

Every project that has portone-async installed imports this in every test run, so it imports
nothing of the package before a test asks for a fixture.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from portone_async.client import PortOneClient

    from .server import FakePortOne

_NO_TRIO = (
    "portone_client needs an event loop of asyncio, and this test runs on trio: run it on asyncio "
    "(with anyio's plugin, define a fixture anyio_backend that returns 'asyncio'). "
    "portone_server works in tests of any kind."
)


@pytest.fixture
def portone_server() -> Iterator[FakePortOne]:
    """A running :class:`FakePortOne` without payments.

    It serves from a thread of its own, so it works in tests of any kind, plain ``def test_`` too.
    What a fault of yours raised is raised when the test ends.
    """
    from .server import FakePortOne  # noqa: PLC0415 (only when asked for)

    with FakePortOne() as server:
        yield server


@pytest.fixture
def portone_client(
    request: pytest.FixtureRequest, portone_server: FakePortOne
) -> Iterator[PortOneClient]:
    """A client of ``portone_server`` that retries at once and is not throttled.

    It belongs to the first event loop that uses it: that of an async test under pytest-asyncio
    (of any loop scope) or anyio's plugin, of ``asyncio.run()``, or of an app in a test client. It
    is closed after the test.
    """
    if _runs_on_trio(request):
        pytest.fail(_NO_TRIO, pytrace=False)
    from .loops import close_client, new_client  # noqa: PLC0415 (only when asked for)

    client = new_client(portone_server)
    yield client
    close_client(client)


def _runs_on_trio(request: pytest.FixtureRequest) -> bool:
    if request.node.get_closest_marker("trio") is not None:
        return True
    if request.node.get_closest_marker("asyncio") is not None:
        return False  # pytest-asyncio runs it, whatever the backend of anyio's plugin
    if "anyio_backend" not in request.fixturenames:
        return False
    name: str = request.getfixturevalue("anyio_backend_name")
    return name == "trio"
