"""Test that imports point down, and that the fake shares only models with the client."""

from __future__ import annotations

import ast
from collections.abc import Callable, Container
from functools import cache
from pathlib import Path

import portone_async

PACKAGE = Path(portone_async.__file__).parent

# The bottom layer first: a module may import only from the lines before its own.
LAYERS = (
    ("_redact", "_tasks", "_version", "_worded"),
    ("errors",),
    ("_target",),
    ("_order_number", "_owner", "_profiles", "answer", "call", "instrumentation", "policy"),
    ("models", "operations"),
    ("throttle", "_http"),
    ("_core", "resources"),
    ("_sections",),
    ("client", "webhook"),
    ("__init__",),
    ("doctor", "reconcile"),
    ("blocking",),
    ("testing",),
    ("cli",),
    ("__main__",),
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


@cache
def imports(path: Path) -> frozenset[str]:
    """Return the top-level names in the package that a file imports when it is loaded."""
    imported: set[str] = set()
    depth = len(path.relative_to(PACKAGE).parts)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    guarded = {
        inner
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if node in guarded:
            continue
        if isinstance(node, ast.ImportFrom):
            if node.level == 0 and (node.module or "").split(".")[0] == "portone_async":
                parts = (node.module or "").split(".")[1:]
            elif node.level == depth:
                parts = (node.module or "").split(".") if node.module else []
            else:
                continue
            names = {parts[0]} if parts else {alias.name for alias in node.names}
            imported |= {name if name in LEVEL else "__init__" for name in names}
        elif isinstance(node, ast.Import):
            imported |= {
                alias.name.split(".")[1] if "." in alias.name else "__init__"
                for alias in node.names
                if alias.name.split(".")[0] == "portone_async"
            }
    return frozenset(imported)


FILES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imports_beyond(allowed: Callable[[Path], Container[str]], folder: Path) -> dict[str, set[str]]:
    """Return what each file of a folder imports although it is not allowed."""
    found = {
        str(path.relative_to(PACKAGE)): {
            name for name in imports(path) if name not in allowed(path)
        }
        for path in sorted(folder.rglob("*.py"))
    }
    return {path: names for path, names in found.items() if names}


def test_every_import_points_down() -> None:
    def below(path: Path) -> set[str]:
        own = name_of(path)
        return {own} | {name for name, level in LEVEL.items() if level < LEVEL[own]}

    assert imports_beyond(below, PACKAGE) == {}


def test_every_module_has_a_layer() -> None:
    assert {name_of(path) for path in FILES} == set(LEVEL)


def test_fake_imports_only_models_of_the_client() -> None:
    # The fake detects a mistake of the client only if it shares no code with it. Only the modules
    # that create a client for a test import the client, or its policy.
    further = {"server.py": {"client"}, "client_fixture.py": {"client", "policy"}}

    def allowed(path: Path) -> set[str]:
        return {"models", "testing"} | further.get(path.name, set())

    assert imports_beyond(allowed, PACKAGE / "testing") == {}


def test_resources_import_only_call_models_and_errors() -> None:
    allowed = {"_redact", "_tasks", "_worded", "call", "errors", "models", "resources"}

    assert imports_beyond(lambda _: allowed, PACKAGE / "resources") == {}
