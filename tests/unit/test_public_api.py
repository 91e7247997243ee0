from __future__ import annotations

import json
import subprocess
import sys

import pytest

import portone_async
from portone_async import errors

PROMISED = {
    "Attempt", "Call", "Cancellation", "Payment", "PaymentStatus", "PortOneClient", "RateLimit",
    "RetryPolicy", "Sorting", "Throttle", "Timeouts", "TokenBucket", "ApiError",
    "AuthenticationError", "ClientClosedError", "ConnectionFailedError", "DeadlineExceededError",
    "InvalidRequestError", "PaymentNotFoundError", "PortOneError", "RateLimitedError",
    "RequestTimeoutError", "ServerError", "TransientError", "UnauthorizedError",
    "UnexpectedResponseError",
}  # fmt: skip


def test_public_names_are_sorted_and_exist() -> None:
    assert list(portone_async.__all__) == sorted(portone_async.__all__)
    assert all(hasattr(portone_async, name) for name in portone_async.__all__)


def test_promised_names_are_public() -> None:
    assert set(portone_async.__all__) >= PROMISED


def test_every_error_is_public() -> None:
    assert set(errors.__all__) <= set(portone_async.__all__)


# An alias has its docstring in the source, where editors find it, and none at run time.
WITHOUT_DOCSTRING = {"__version__", "PaymentStatusLike", "SortingLike"}


@pytest.mark.parametrize(
    "name", [name for name in portone_async.__all__ if name not in WITHOUT_DOCSTRING]
)
def test_every_public_name_has_a_docstring(name: str) -> None:
    assert (getattr(portone_async, name).__doc__ or "").strip()


def loaded(code: str) -> set[str]:
    """Return the modules that a fresh interpreter has loaded after running ``code``."""
    script = f"import json, sys\n{code}\nprint(json.dumps([*sys.modules]))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(json.loads(run.stdout))


def test_package_loads_only_the_client() -> None:
    own = [
        name.split(".")[1:] for name in loaded("import portone_async") if "portone_async." in name
    ]

    assert ["client"] in own
    assert {parts[0] for parts in own}.isdisjoint(
        {"cli", "reconcile", "resources", "testing", "webhook"}
    )


def test_package_loads_no_server_command_line_or_test_library() -> None:
    modules = loaded("import portone_async")

    assert not {"aiohttp.web", "argparse", "pytest", "rich", "sqlite3"} & modules


def test_package_loads_without_any_extra() -> None:
    extras = ("duckdb", "fastapi", "jinja2", "psycopg", "pytest", "pytest_asyncio", "rich")
    modules = loaded(f"for name in {extras}: sys.modules[name] = None\nfrom portone_async import *")
    assert "portone_async.client" in modules


def test_resource_is_loaded_on_first_use() -> None:
    client = "client = portone_async.PortOneClient('key', 'secret')"
    before = loaded(f"from portone_async import *\nimport portone_async\n{client}")
    after = loaded(f"import portone_async\n{client}\nclient.payments")

    assert not [name for name in before if name.startswith("portone_async.resources")]
    assert "portone_async.resources.payments" in after
