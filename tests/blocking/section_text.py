"""The source of the sections of the blocking client."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from portone_async import PortOneClient
from portone_async._sections import Sections

from .function_text import MARK, Function, blocking_signature, method_from, public
from .translate import Source, docstring, names_in

__all__ = ("file_of", "section_modules", "sections")


def sections() -> dict[str, type]:
    """Return the class of each section of the asynchronous client, by its name."""
    client = PortOneClient("key-of-no-shop", "secret-of-no-shop")
    names = [name for name, value in vars(Sections).items() if isinstance(value, property)]
    return {name: type(getattr(client, name)) for name in names}


def section_modules() -> Iterator[tuple[str, str]]:
    """Yield the name and the text of the module of each section, and of its parents."""
    for section, kind in sections().items():
        for parent in kind.__mro__[:-1]:
            yield file_of(parent), _resource(section, parent)


def file_of(kind: type) -> str:
    """Return the name of the module of a section."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", kind.__name__).lower()


def _resource(section: str, kind: type) -> str:
    source = Source.of(kind.__module__)
    node = source.named(kind.__name__)
    assert isinstance(node, ast.ClassDef)
    package, _, module = kind.__module__.rpartition(".")
    parents = [base for base in kind.__bases__ if base is not object]
    imports = [f"from {package} import {module} as asynchronous"]
    imports += [
        f"from portone_async.blocking.resources.{file_of(base)} import {base.__name__}"
        for base in parents
    ]
    if not parents:
        imports.append("from portone_async.blocking._section import Section")
    methods = [method_from(source, each) for each in public(node)]
    imports += [line for each in public(node) for line in _imports(source, each)]
    bases = ", ".join(base.__name__ for base in parents) or "Section"
    return "\n".join([
        f'"""``client.{section}`` for code without an event loop.\n\n{MARK}\n"""\n',
        "from __future__ import annotations\n",
        *imports,
        f'\n__all__ = ("{kind.__name__}",)\n',
        f"class {kind.__name__}({bases}):",
        f"    {docstring(source, node)}\n",
        "    @property",
        f"    def _async(self) -> asynchronous.{kind.__name__}:",
        f"        return self._engine.client.{section}\n",
        *methods,
    ])  # fmt: skip


def _imports(source: Source, node: Function) -> Iterator[str]:
    used = names_in(blocking_signature(node))
    for decorator in node.decorator_list:
        if "confidential" in names_in(decorator):
            used |= names_in(decorator) - {"confidential"}
            yield ("from portone_async.resources._confidential import confidential_blocking")
    yield from filter(None, map(source.import_of, sorted(used)))
    yield "from portone_async.blocking._caller import Caller, snapshot"
