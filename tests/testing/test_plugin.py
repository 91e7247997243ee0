"""The pytest plugin, in a separate pytest process."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

import portone_async

ROOT = Path(portone_async.__file__).parents[1]

pytest_plugins = ["pytester"]

PLUGIN = ("-p", "_portone_async_pytest", "-p", "no:cacheprovider")


@pytest.fixture(autouse=True)
def no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


# Every mode runs this file, with warnings as errors.
INNER = """
    import asyncio
    import threading
    import unittest
    import urllib.error
    import urllib.request

    import pytest
    from portone_async.testing import FakePortOne, Status

    async def look_up(server, client):
        assert type(server) is FakePortOne
        server.add(merchant_uid="order-1")
        server.fail(Status(503), times=2)
        payment = await client.payments.find("order-1")
        assert payment.merchant_uid == "order-1"
        assert server.count("/payments") == 3

    def test_plain(portone_server, portone_client):
        asyncio.run(look_up(portone_server, portone_client))

    def test_unused_client(portone_client): ...

    def test_loop_that_outlives_the_client(kept_loop, portone_server, portone_client):
        kept_loop.run_until_complete(look_up(portone_server, portone_client))

    def test_loop_of_another_thread(other_loop, portone_server, portone_client):
        looking = look_up(portone_server, portone_client)
        asyncio.run_coroutine_threadsafe(looking, other_loop).result()

    @pytest.fixture
    def kept_loop():
        loop = asyncio.new_event_loop()
        yield loop
        loop.close()

    @pytest.fixture(scope="module")
    def other_loop():
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever)
        thread.start()
        yield loop
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    @pytest.mark.parametrize("number", range(2))
    @pytest.mark.asyncio(loop_scope="function")
    async def test_function(portone_server, portone_client, number):
        await look_up(portone_server, portone_client)

    @pytest.mark.asyncio(loop_scope="class")
    class TestClass:
        async def test_class(self, portone_server, portone_client):
            await look_up(portone_server, portone_client)

    @pytest.mark.asyncio(loop_scope="module")
    async def test_module(portone_server, portone_client):
        await look_up(portone_server, portone_client)

    @pytest.mark.asyncio(loop_scope="session")
    async def test_session(portone_server, portone_client):
        await look_up(portone_server, portone_client)

    @pytest.mark.asyncio
    async def test_blocking(portone_server):
        with pytest.raises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(portone_server.url)
        raised.value.close()

    @pytest.fixture
    def anyio_backend():
        return "asyncio"

    @pytest.mark.anyio
    async def test_anyio(portone_server, portone_client):
        await look_up(portone_server, portone_client)

    class TestUnittest(unittest.IsolatedAsyncioTestCase):
        @pytest.fixture(autouse=True)
        def _fixtures(self, portone_server, portone_client):
            self.both = portone_server, portone_client

        async def test_unittest(self):
            await look_up(*self.both)
"""
PASSED = 12


@pytest.mark.parametrize(
    "mode",
    [
        ("--asyncio-mode", "strict"),
        ("--asyncio-mode", "auto", "-p", "xdist.plugin", "-n", "2"),
    ],
    ids=["strict", "auto, xdist"],
)
def test_fixtures_work_in_tests_of_any_kind(
    pytester: pytest.Pytester, mode: tuple[str, ...]
) -> None:
    pytester.makeini(
        """
        [pytest]
        asyncio_default_fixture_loop_scope = function
        filterwarnings = error
        """
    )
    pytester.makepyfile(INNER)
    plugins = ("-p", "pytest_asyncio.plugin", "-p", "anyio.pytest_plugin")
    result = pytester.runpytest_subprocess(*plugins, *mode, *PLUGIN)
    result.assert_outcomes(passed=PASSED)


def test_fixtures_close_with_the_test_and_raise_fault_errors(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import asyncio
        import pytest

        saved = []

        class Broken:
            async def meet(self, exchange):
                assert exchange.request.path == "/payments/find/other"

        def test_broken(portone_server, portone_client):
            saved.extend([portone_server, portone_client])
            portone_server.fail(Broken(), times=None)
            with pytest.raises(Exception, match="500"):
                asyncio.run(portone_client.payments.find("order-1"))

        def test_closed():
            server, client = saved
            with pytest.raises(RuntimeError):
                server.url
            with pytest.raises(Exception, match="closed"):
                asyncio.run(client.payments.find("order-1"))
        """
    )
    # The fixtures do not need pytest-asyncio.
    result = pytester.runpytest_subprocess(*PLUGIN)
    result.assert_outcomes(passed=2, errors=1)
    result.stdout.fnmatch_lines(
        ["*AssertionError*", "*FakePortOne: Broken failed on RecordedRequest(GET*"]
    )


def test_client_is_refused_on_trio_and_the_server_works(pytester: pytest.Pytester) -> None:
    pytester.makepyfile(
        """
        import pytest

        pytestmark = pytest.mark.anyio

        @pytest.fixture
        def anyio_backend():
            return "trio"

        async def test_server(portone_server):
            portone_server.issue_token()

        async def test_client(portone_client): ...
        """
    )
    result = pytester.runpytest_subprocess("-p", "anyio.pytest_plugin", *PLUGIN)
    result.assert_outcomes(passed=1, errors=1)
    result.stdout.fnmatch_lines(["portone_client needs an event loop of asyncio, and this test*"])


def test_unused_plugin_loads_nothing_of_the_package(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytester.makepyfile(
        """
        import sys

        def test_unused():
            assert "_portone_async_pytest" in sys.modules
            assert "portone_async" not in sys.modules
        """
    )
    # As in any project: pytest finds the plugin by its entry point.
    monkeypatch.delenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
    result = pytester.runpytest_subprocess("-p", "no:cacheprovider")
    result.assert_outcomes(passed=1)


def test_installed_plugin_equals_the_one_in_the_repository() -> None:
    source = ROOT / "portone_async" / "testing" / "plugin.py"
    if not source.exists():
        pytest.skip("the package is not imported from the repository")
    spec = importlib.util.find_spec("_portone_async_pytest")
    assert spec is not None
    assert spec.origin is not None
    # An editable install has a copy: "pip install -e ." renews it.
    assert Path(spec.origin).read_bytes() == source.read_bytes()
