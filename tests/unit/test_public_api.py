from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

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


def test_the_public_names_are_sorted_and_exist() -> None:
    assert list(portone_async.__all__) == sorted(portone_async.__all__)
    assert all(hasattr(portone_async, name) for name in portone_async.__all__)


def test_every_promised_name_is_public() -> None:
    assert set(portone_async.__all__) >= PROMISED


def test_every_error_is_public() -> None:
    assert set(errors.__all__) <= set(portone_async.__all__)


# An alias has its docstring in the source, where editors find it, and none at run time.
WITHOUT_DOCSTRING = {"__version__", "PaymentStatusLike", "SortingLike"}


@pytest.mark.parametrize(
    "name", [name for name in portone_async.__all__ if name not in WITHOUT_DOCSTRING]
)
def test_every_public_name_says_what_it_is(name: str) -> None:
    assert (getattr(portone_async, name).__doc__ or "").strip()


ALL_NAMES = "from portone_async import *"


def test_the_package_alone_loads_none_of_its_dependencies() -> None:
    modules = loaded("import portone_async")

    assert not {"aiohttp", "msgspec", "tenacity", "aiolimiter", "asyncio"} & set(modules)


def test_every_name_comes_from_the_module_that_is_named_for_it() -> None:
    assert set(portone_async._MODULE_OF) | {"__version__"} == set(portone_async.__all__)
    with pytest.raises(AttributeError, match="no_such_name"):
        getattr(portone_async, "no_such_name")  # noqa: B009 (type checkers know that there is none)
    assert set(dir(portone_async)) >= set(portone_async.__all__)


def loaded(code: str) -> dict[str, Any]:
    """What a fresh interpreter has loaded after running ``code``."""
    script = f"import sys, json\nbefore = set(sys.modules)\n{code}\nprint(json.dumps(sorted(set(sys.modules) - before)))"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return dict.fromkeys(json.loads(run.stdout))


def test_importing_the_package_loads_no_server_no_command_line_and_no_test_code() -> None:
    modules = loaded(ALL_NAMES)

    assert "portone_async.client" in modules
    for name in (
        "aiohttp.web",
        "argparse",
        "rich",
        "pytest",
        "portone_async.cli",
        "portone_async.testing",
        "sqlite3",
    ):
        assert name not in modules


def test_the_package_adds_few_modules_to_its_dependencies() -> None:
    modules = loaded(
        f"import aiohttp, aiolimiter, msgspec, tenacity\nbefore = set(sys.modules)\n{ALL_NAMES}"
    )

    assert len(modules) <= 40


def test_the_package_can_be_imported_without_any_extra() -> None:
    modules = loaded(
        "for name in ('rich', 'pytest', 'pytest_asyncio', 'fastapi'): sys.modules[name] = None\n"
        + ALL_NAMES
    )
    assert "portone_async" in modules
