"""The pytest plugin, in a pytest of its own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import portone_async

ROOT = Path(portone_async.__file__).parents[1]

pytest_plugins = ["pytester"]

PLUGIN = ("-p", "portone_async.testing.plugin", "-p", "no:cacheprovider")


@pytest.fixture(autouse=True)
def no_other_plugins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")
    monkeypatch.setenv("PYTHONPATH", str(ROOT))


def test_the_fixtures_are_a_server_and_a_client_of_it(pytester: pytest.Pytester) -> None:
    pytester.makeini(
        """
        [pytest]
        asyncio_default_fixture_loop_scope = function
        filterwarnings = error
        """
    )
    pytester.makepyfile(
        """
        import pytest
        from portone_async.testing import FakePortOne, Status

        kept = []

        @pytest.mark.asyncio
        async def test_found(portone_server, portone_client):
            assert type(portone_server) is FakePortOne
            portone_server.add(merchant_uid="order-1")
            portone_server.fail(Status(503), times=2)
            payment = await portone_client.payments.find("order-1")
            assert payment.merchant_uid == "order-1"
            kept.extend([portone_server, portone_client])

        @pytest.mark.asyncio
        async def test_closed():
            server, client = kept
            with pytest.raises(RuntimeError):
                server.url
            with pytest.raises(Exception, match="closed"):
                await client.payments.find("order-1")
        """
    )
    result = pytester.runpytest_subprocess("-p", "pytest_asyncio.plugin", *PLUGIN)
    result.assert_outcomes(passed=2)


def test_without_pytest_asyncio_the_fixtures_say_what_to_install(
    pytester: pytest.Pytester,
) -> None:
    # Stands before the real one on the path, and cannot be imported.
    pytester.makepyfile(pytest_asyncio="raise ImportError('not installed')")
    pytester.makepyfile(
        """
        def test_plain(): ...
        def test_server(portone_server): ...
        def test_client(portone_client): ...
        """
    )
    pytester.syspathinsert()
    result = pytester.runpytest_subprocess(*PLUGIN)
    result.assert_outcomes(passed=1, errors=2)
    advice = "*need pytest-asyncio: pip install 'portone-async[[]test[]]'"
    result.stdout.fnmatch_lines([advice, advice])


def test_the_plugin_costs_a_project_that_does_not_use_it_four_small_modules() -> None:
    script = (
        "import sys, pytest, pytest_asyncio; before = set(sys.modules)\n"
        "import portone_async.testing.plugin; print(*sorted(set(sys.modules) - before))"
    )
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert run.stdout.split() == [
        "portone_async",
        "portone_async._version",
        "portone_async.testing",
        "portone_async.testing.plugin",
    ]
