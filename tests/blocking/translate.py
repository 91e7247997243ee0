"""Translate what an async function promises into what a blocking one does: names, types, texts."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from types import ModuleType

__all__ = ("Source", "annotation", "docstring", "names_in", "without_argument")

# The blocking forms of types, and of aliases for types of which only one half is left.
_TYPES = {
    "Orders": "Iterable[Order | Refund | UnreadableOrder]",
    "_HasPayments": "PortOneClient",
}
_ELSEWHERE = {
    "Iterable": "from collections.abc import Iterable",
    "Order": "from portone_async.reconcile import Order",
    "Pages": "from portone_async.blocking._iterators import Pages",
    "PortOneClient": "from portone_async.blocking.client import PortOneClient",
    "Refund": "from portone_async.reconcile import Refund",
    "Stream": "from portone_async.blocking._iterators import Stream",
    "UnreadableOrder": "from portone_async.reconcile import UnreadableOrder",
}
_KEYWORDS = (
    (r"\basync (with|for|def)\b", r"\1"),
    (r"\bawait ", ""),
)


class Source:
    """The source of a module: its classes, functions and imports."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module.__name__
        self._text = inspect.getsource(module)
        self.tree = ast.parse(self._text)

    @classmethod
    @cache
    def of(cls, module: str) -> Source:
        """Return the source of a module, by its name."""
        return cls(importlib.import_module(module))

    @property
    def package(self) -> str:
        """The package that relative imports of the module begin at."""
        module = importlib.import_module(self.module)
        assert module.__package__ is not None
        return module.__package__

    def named(self, name: str) -> ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef:
        """Return a class or function of the module."""
        return next(
            node
            for node in self.tree.body
            if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
            and node.name == name
        )

    def import_of(self, name: str) -> str:
        """Return the statement that imports a name that the module uses; "" for a builtin."""
        if name in _ELSEWHERE:
            return _ELSEWHERE[name]
        for node in ast.walk(self.tree):
            if isinstance(node, ast.ImportFrom) and name in {alias.name for alias in node.names}:
                return f"from {self._absolute(node)} import {name}"
        is_own = any(name in _targets(node) for node in self.tree.body)
        return f"from {self.module} import {name}" if is_own else ""

    def _absolute(self, node: ast.ImportFrom) -> str:
        parts = self.package.split(".") if node.level else []
        above = parts[: len(parts) - node.level + 1] if node.level else []
        return ".".join([*above, *filter(None, [node.module])])


def _targets(node: ast.stmt) -> Iterator[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        yield node.name
    elif isinstance(node, ast.Assign):
        yield from (target.id for target in node.targets if isinstance(target, ast.Name))
    elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        yield node.target.id


class _Annotation(ast.NodeTransformer):
    def visit_Name(self, node: ast.Name) -> ast.expr:
        other = _TYPES.get(node.id)
        return node if other is None else ast.parse(other, mode="eval").body

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        self.generic_visit(node)
        return node.left if _is_async(node.right) else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        self.generic_visit(node)
        if isinstance(node.value, ast.Name) and node.value.id == "AsyncGenerator":
            node.value.id = "AbstractContextManager"
        return node


def _is_async(node: ast.expr) -> bool:
    return (
        isinstance(node, ast.Subscript)
        and isinstance(node.value, ast.Name)
        and node.value.id == "AsyncIterable"
    )


def annotation(node: ast.expr) -> ast.expr:
    """Return the type that a blocking function has in place of an async one's."""
    translated: ast.expr = _Annotation().visit(ast.parse(ast.unparse(node), mode="eval").body)
    return translated


def names_in(node: ast.AST) -> set[str]:
    """Return the names that an expression or a signature uses."""
    return {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}


def docstring(source: Source, node: ast.AST) -> str:
    """Return the literal of a docstring, with blocking code in its examples."""
    body = getattr(node, "body", [])
    text = ast.get_source_segment(Path(_file(source)).read_text("utf-8"), body[0].value)
    assert text is not None
    return re.sub(r"```python\n.*?```", _blocking, text, flags=re.DOTALL)


@cache
def _file(source: Source) -> str:
    file = importlib.import_module(source.module).__file__
    assert file is not None
    return file


def _blocking(example: re.Match[str]) -> str:
    code = example[0]
    for pattern, replacement in _KEYWORDS:
        code = re.sub(pattern, replacement, code)
    return code


def without_argument(text: str, name: str) -> str:
    """Return a docstring without the lines of one argument."""
    return re.sub(rf"^        {name}: .*\n(?: {{12}}.*\n)*", "", text, flags=re.MULTILINE)
