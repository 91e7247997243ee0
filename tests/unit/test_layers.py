"""Test that imports point down, and that the fake shares only models with the client."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import portone_async

PACKAGE = Path(portone_async.__file__).parent

# The bottom layer first: a module may import only from the lines before its own.
LAYERS = (
    ("_redact", "_version"),
    ("errors",),
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


def imports(path: Path) -> set[str]:
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
    return imported


FILES = sorted(PACKAGE.rglob("*.py"))


def name_of(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_every_import_points_down(path: Path) -> None:
    own = name_of(path)
    upward = {name for name in imports(path) - {own} if LEVEL[name] >= LEVEL[own]}

    assert not upward


def test_every_module_has_a_layer() -> None:
    assert {name_of(path) for path in FILES} == set(LEVEL)


@pytest.mark.parametrize(
    "path",
    sorted((PACKAGE / "testing").rglob("*.py")),
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_fake_imports_only_models_of_the_client(path: Path) -> None:
    # The fake detects a mistake of the client only if it shares no code with it. Only the modules
    # that create a client for a test import the client, or its policy.
    allowed = {"models", "testing"}
    if path.name == "server.py":
        allowed |= {"client"}
    if path.name == "client_fixture.py":
        allowed |= {"client", "policy"}

    assert imports(path) <= allowed


@pytest.mark.parametrize(
    "path",
    sorted((PACKAGE / "resources").rglob("*.py")),
    ids=lambda path: str(path.relative_to(PACKAGE)),
)
def test_resources_import_only_call_models_and_errors(path: Path) -> None:
    assert imports(path) <= {"_redact", "call", "errors", "models", "resources"}
