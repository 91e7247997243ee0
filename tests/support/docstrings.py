"""Read the docstrings of the package, those of attributes included."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path

import portone_async

__all__ = ("PACKAGE", "docstrings")

PACKAGE = Path(portone_async.__file__).parent


@cache
def docstrings(path: Path) -> list[str]:
    """Return the docstrings of a file, those of its attributes included."""
    tree = ast.parse(path.read_text("utf-8"))
    return [
        node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    ]
