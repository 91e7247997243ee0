from __future__ import annotations

import ast
import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

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


def names_of_type_checkers() -> dict[str, str]:
    """Return the names that type checkers see the package import, each with its module."""
    tree = ast.parse(Path(portone_async.__file__).read_text(encoding="utf-8"))
    return {
        alias.asname or alias.name: f"portone_async.{node.module}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.level == 1
        for alias in node.names
    }


def test_type_checkers_see_exactly_the_public_names() -> None:
    assert sorted(names_of_type_checkers()) == list(portone_async.__all__)


@pytest.mark.parametrize(("name", "module"), names_of_type_checkers().items())
def test_every_name_is_the_one_that_type_checkers_see(name: str, module: str) -> None:
    assert getattr(portone_async, name) is getattr(import_module(module), name)


def test_dir_has_every_name_before_its_use() -> None:
    program = "import portone_async as p; assert set(dir(p)) >= {*p.__all__, 'errors', 'models'}"
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(
    "module",
    ["answer", "call", "client", "errors", "instrumentation", "models", "policy", "throttle"],
)
def test_public_module_needs_no_import_of_its_own(module: str) -> None:
    assert f"portone_async.{module}" in loaded(f"import portone_async; portone_async.{module}")


def test_name_that_does_not_exist_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'portone_async' has no attribute 'Client'"):
        _ = portone_async.Client  # type: ignore[attr-defined]  # pyright: ignore[reportAttributeAccessIssue, reportUnknownVariableType, reportUnknownMemberType]


def test_test_replaces_a_name_that_was_never_used() -> None:
    program = """
import portone_async
from unittest.mock import patch
with patch("portone_async.PortOneClient", "replaced"):
    assert portone_async.PortOneClient == "replaced"
assert portone_async.PortOneClient.__name__ == "PortOneClient"
"""
    subprocess.run([sys.executable, "-c", program], check=True)


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


def test_import_of_the_package_loads_no_other_module_of_it() -> None:
    modules = loaded("import portone_async")

    assert {name for name in modules if name.startswith("portone_async.")} == {
        "portone_async._version"
    }
    assert not {"aiohttp", "aiolimiter", "asyncio", "msgspec", "tenacity"} & modules


def test_error_loads_neither_the_client_nor_aiohttp() -> None:
    modules = loaded("from portone_async import PortOneError")

    assert not {"aiohttp", "asyncio", "portone_async.client"} & modules


def test_client_loads_only_its_own_modules() -> None:
    modules = loaded("from portone_async import PortOneClient")
    own = [name.split(".")[1:] for name in modules if "portone_async." in name]

    assert ["client"] in own
    assert {parts[0] for parts in own}.isdisjoint(
        {"_order_number", "cli", "reconcile", "resources", "testing", "webhook"}
    )


def test_package_loads_no_server_command_line_or_test_library() -> None:
    modules = loaded("from portone_async import *")

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
