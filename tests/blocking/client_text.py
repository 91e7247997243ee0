"""The source of the blocking client."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from .function_text import (
    MARK,
    Function,
    blocking_signature,
    head_of,
    indented,
    method_from,
    method_text,
    passed_arguments,
    public,
)
from .section_text import file_of, sections
from .translate import Source, docstring, names_in, without_argument

__all__ = ("client_module",)

# Written by hand, in _facade.py.
_BY_HAND = {"__aenter__", "__aexit__", "__reduce__", "__repr__", "close"}
# A session belongs to an event loop, which code without one does not have.
_OMITTED = "session"
_CLIENT = '''\
r"""A client of PortOne V1 for code without an event loop. Create one per process.

    ```python
    with PortOneClient(imp_key, imp_secret) as client:
        payment = client.payments.find("order-1", status="paid")
    ```

    It has the methods of :class:`portone_async.PortOneClient`, which it runs in an event loop in
    a background thread, where observers are called, too. It can be created anywhere, also at
    import time, and used by any number of threads at once. A process that is forked later has its
    own connections, token and rate limit. Close it at the end; what is left open is closed at the
    exit of the interpreter.

'''
_INIT = """\
        # Deleted at once, so that no traceback of this frame shows them.
        keys = (secret(imp_key), secret(imp_secret))
        del imp_key, imp_secret
        base_url, proxy = as_secret(base_url), as_secret(proxy)
        self._engine = Engine(lambda: asynchronous.PortOneClient(*keys, {arguments}))
"""


def client_module() -> str:
    """Return the module of the blocking client."""
    source = Source.of("portone_async.client")
    source_of_sections = Source.of("portone_async._sections")
    node, properties = source.named("PortOneClient"), source_of_sections.named("Sections")
    options = Source.of("portone_async._core.options").named("ClientOptions")
    assert isinstance(node, ast.ClassDef)
    assert isinstance(properties, ast.ClassDef)
    assert isinstance(options, ast.ClassDef)
    methods = [each for each in public(node) if each.name not in _BY_HAND]
    init = _without_session(next(each for each in node.body if _is_init(each)))
    used = [*methods, init]
    text = without_argument(docstring(source, node), _OMITTED)
    text = text.replace("; it wins over the proxy of ``session``", "")
    assert f"``{_OMITTED}``" not in text
    return "\n".join([
        f'"""The client for code without an event loop.\n\n{MARK}\n"""\n',
        "from __future__ import annotations\n",
        *sorted({line for each in used for line in _client_imports(source, each)}),
        "from typing import TYPE_CHECKING, Any, TypedDict, overload",
        "from portone_async import client as asynchronous",
        "from portone_async._core.validate import as_secret, secret",
        "from ._engine import Engine",
        "from ._facade import Facade, constructed",
        "if TYPE_CHECKING:",
        *(
            f"    from .resources.{file_of(kind)} import {kind.__name__}"
            for kind in sections().values()
        ),
        '\n__all__ = ("ClientOptions", "PortOneClient")\n',
        'T = TypeVar("T")\n',
        "class ClientOptions(TypedDict, total=False):",
        f"    {docstring(Source.of('portone_async._core.options'), options)}\n",
        *(f"    {ast.unparse(each)}" for each in options.body[1:] if not _is_session(each)),
        "\n",
        "# Each module is imported on first use: a program pays only for the sections that it uses.",
        "# ruff: noqa: PLC0415",
        "class PortOneClient(Facade):",
        f"    {_CLIENT}{text[text.index('    Args:'):]}\n",
        indented(head_of(init)),
        _INIT.format(arguments=passed_arguments(init, after=3)),
        *(_client_method(source, each) for each in methods),
        *(
            _section(source_of_sections, each)
            for each in public(properties)
            if isinstance(each, ast.FunctionDef)
        ),
    ])  # fmt: skip


def _client_imports(source: Source, node: Function) -> Iterator[str]:
    yield "from typing import TypeVar"
    for name in names_in(blocking_signature(node)) - {"T"}:
        if name == "ClientOptions":
            continue
        if name == "AbstractContextManager":
            yield "from contextlib import AbstractContextManager"
        yield source.import_of(name)


def _is_init(node: ast.stmt) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == "__init__"


def _is_session(node: ast.stmt) -> bool:
    return ast.unparse(node).startswith(f"{_OMITTED}:")


def _without_session(node: ast.stmt) -> ast.FunctionDef:
    assert isinstance(node, ast.FunctionDef)
    pairs = zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)
    kept = [pair for pair in pairs if pair[0].arg != _OMITTED]
    arguments = ast.arguments(
        posonlyargs=[],
        args=node.args.args,
        kwonlyargs=[parameter for parameter, _ in kept],
        kw_defaults=[default for _, default in kept],
        defaults=[],
    )
    return ast.FunctionDef(
        name=node.name, args=arguments, body=node.body, decorator_list=[], returns=node.returns
    )


def _client_method(source: Source, node: Function) -> str:
    decorators = {ast.unparse(each) for each in node.decorator_list}
    if "classmethod" in decorators:
        passed = ", ".join(filter(None, ["overrides", passed_arguments(node)]))
        body = f'return constructed(cls, "{node.name}", {passed})'
        return method_text(source, node, body, "@classmethod")
    if "property" in decorators:
        return method_text(source, node, f"return self._async.{node.name}", "@property")
    if node.name == "with_options":
        derive = f"lambda client: client.with_options({passed_arguments(node)})"
        return method_text(source, node, f"return self._view({derive})")
    if "overload" in decorators:
        return indented(f"@overload\n{head_of(node)}\n    ...")
    if node.name in _overloaded(source):
        returns = ast.unparse(node.returns or ast.Constant(None))
        # A type checker finds none of the overloads for arguments of either kind.
        body = (
            f"function: Any = self._async.{node.name}\n"
            f"result: {returns} = self._engine.run(function({passed_arguments(node)}))\n"
            "return result"
        )
        return method_text(source, node, body)
    return method_from(source, node)


def _overloaded(source: Source) -> set[str]:
    node = source.named("PortOneClient")
    functions = [each for each in node.body if isinstance(each, Function)]
    names = [each.name for each in functions]
    return {name for name in names if names.count(name) > 1}


def _section(source: Source, node: ast.FunctionDef) -> str:
    kind = sections()[node.name]
    return "\n".join([
        "    @property",
        f"    def {node.name}(self) -> {kind.__name__}:",
        f"        {docstring(source, node)}",
        f"        from .resources.{file_of(kind)} import {kind.__name__}\n",
        f"        return {kind.__name__}(self._engine)\n",
    ])  # fmt: skip
