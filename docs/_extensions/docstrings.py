"""Docstrings as editors show them, with Markdown fences and short names in roles, for autodoc."""

from __future__ import annotations

import builtins
import inspect
import re
import sys
from collections.abc import Iterator
from enum import Enum
from importlib import import_module
from pkgutil import iter_modules

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import NoUri, PycodeError
from sphinx.pycode import ModuleAnalyzer
from sphinx.util.docutils import SphinxDirective
from sphinx.util.nodes import make_refnode

import portone_async
from portone_async import PortOneError
from portone_async.errors import _client, _error, _money, _response
from portone_async.models import Record

# Where the names stand that programs import from the package itself.
_OWN_PAGE = "docs/reference/portone_async"
# Settings of the classes of records.
_UNDOCUMENTED = {"public", "shown", "strict", "unreadable_type"}


def convert_fences(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Turn fenced code into directives."""
    converted: list[str] = []
    margin = None
    for line in lines:
        fence = re.fullmatch(r"(\s*)```(\w*)", line)
        if fence and margin is None:
            margin = fence[1]
            converted += ["", f"{margin}.. code-block:: {fence[2]}", ""]
        elif fence:
            margin = None
            converted.append("")
        elif margin is not None:
            converted.append(f"   {line}" if line.strip() else "")
        else:
            converted.append(line)
    lines[:] = converted


def protect_first_line(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Keep napoleon from reading ``word: text`` in the first line of a field as its type."""
    if what in {"attribute", "data", "property"}:
        lines[:0] = ["..", ""]


def add_bases_of_errors(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Name the classes by which a handler may catch an error."""
    if isinstance(obj, type) and issubclass(obj, Exception):
        names = [base.__name__ for base in obj.__bases__ if not base.__name__.startswith("_")]
        own = [f":exc:`{base}`" if base not in vars(builtins) else f"``{base}``" for base in names]
        lines[:0] = [f"Bases: {', '.join(own)}", ""] if own else []


def find_text_of_data(
    app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]
) -> None:
    """Take the text of a constant or an alias from the module that assigns it."""
    short = name.rpartition(".")[2]
    if what != "data":
        return
    lines.clear()  # autodoc takes that of the class of the value
    for place in sorted(each for each in sys.modules if each.startswith("portone_async.")):
        if vars(sys.modules[place]).get(short) is obj and (text := _text_of(place, short)):
            lines[:] = text


def _text_of(module: str, name: str, owner: str = "") -> list[str]:
    try:
        return ModuleAnalyzer.for_module(module).find_attr_docs().get((owner, name), [])
    except PycodeError:
        return []


def skip_repeated_names(
    app: Sphinx, what: str, name: str, obj: object, skip: bool, options: object
) -> bool | None:
    """Leave a name of the package itself out of the pages of its modules."""
    if name in _UNDOCUMENTED:
        return True
    if what == "exception" and _is_inherited(app, name):
        return True
    elsewhere = what == "module" and app.env.docname != _OWN_PAGE
    if elsewhere and getattr(portone_async, name, None) is obj and name in portone_async.__all__:
        return True
    return None


def _is_inherited(app: Sphinx, name: str) -> bool:
    """Whether a public base of the current error describes this attribute of its instances."""
    document = app.env.current_document
    error = getattr(sys.modules[document.autodoc_module], document.autodoc_class)
    public = [base for base in error.__mro__[1:] if not base.__name__.startswith("_")]
    return name not in vars(error) and any(
        _text_of(base.__module__, name, base.__qualname__) for base in public
    )


def drop_signatures(
    app: Sphinx, what: str, name: str, obj: object, *_: object
) -> tuple[str, str] | None:
    """Leave out the arguments of classes that programs do not create."""
    if not isinstance(obj, type):
        return None
    made_by_the_client = issubclass(obj, (Record, PortOneError)) or "resources" in obj.__module__
    if made_by_the_client or issubclass(obj, Enum) or obj.__dict__.get("_is_protocol"):
        return "", ""
    return None


def resolve_short_names(
    app: Sphinx, env: BuildEnvironment, node: pending_xref, content: nodes.TextElement
) -> nodes.Node | None:
    """Find ``:class:`Name``` in any module, and leave types of other packages without a link."""
    if node.get("refdomain") != "py":
        return None
    if not isinstance(content, nodes.literal):
        raise NoUri  # part of a signature: its text
    target: str = node["reftarget"].lstrip(".")
    domain = env.domains.python_domain
    kinds = domain.objtypes_for_role(node["reftype"], [])
    found = [
        name
        for name, entry in domain.objects.items()
        if name.endswith(f".{target}") and entry.objtype in kinds and not entry.aliased
    ]
    if not found and _is_foreign(target):
        return content
    # The blocking client has classes of the same names.
    nearest = [name for name in found if name == f"{node.get('py:module')}.{target}"]
    own = [name for name in found if name == f"{portone_async.__name__}.{target}"]
    others = [name for name in found if ".blocking." not in name]
    chosen = nearest or own or others
    if len(chosen) != 1:
        return None
    entry = domain.objects[chosen[0]]
    docname, anchor = entry.docname, entry.node_id
    return make_refnode(app.builder, node["refdoc"], docname, anchor, content, target)


def leave_builtins_alone(app: Sphinx, doctree: nodes.document) -> None:
    """Keep a signature's ``type[Any]`` from becoming a link to some field ``type``."""
    for node in doctree.findall(pending_xref):
        if node["reftarget"] in vars(builtins) and not isinstance(node[0], nodes.literal):
            node["reftarget"] = f"builtins.{node['reftarget']}"


def link_errors(app: Sphinx, doctree: nodes.document) -> None:
    """Link the names of errors in the guides to the reference."""
    if app.env.docname.startswith("docs/reference/"):
        return  # its docstrings have roles
    for name in list(doctree.findall(nodes.literal)):
        text = name.astext()
        linked = isinstance(name.parent, nodes.reference | nodes.title)
        if text in portone_async.__all__ and text.endswith("Error") and not linked:
            options = {"refdomain": "py", "reftype": "exc", "reftarget": text, "refwarn": True}
            link = pending_xref("", refdoc=app.env.docname, refexplicit=True, **options)
            name.replace_self(link)
            link.append(name)


def use_dashes(app: Sphinx, doctree: nodes.document) -> None:
    """Print a dash between a parameter and its text, where Sphinx has two hyphens."""
    for text in list(doctree.findall(nodes.Text)):
        if text == " -- ":
            text.parent.replace(text, nodes.Text(" \N{EN DASH} "))


class TableOfErrors(SphinxDirective):
    """A row for each error of some modules: when it is raised, and its advice."""

    optional_arguments = 9

    def run(self) -> list[nodes.Node]:
        rows = [("Class", "When", "What to do"), *_rows_of_errors(self.arguments)]
        lines = [".. list-table::", "   :header-rows: 1", "   :widths: 28 36 36", ""]
        for error, meaning, advice in rows:
            lines += [f"   * - {error}", f"     - {meaning}", f"     - {advice}"]
        return self.parse_text_to_nodes("\n".join(lines))


def _rows_of_errors(modules: list[str]) -> Iterator[tuple[str, str, str]]:
    named: set[str] = set()
    for module in map(import_module, _modules(modules)):
        for name in module.__all__:
            error = getattr(module, name)
            if isinstance(error, type) and issubclass(error, PortOneError) and name not in named:
                named.add(name)
                meaning = (inspect.getdoc(error) or "").partition("\n\n")[0]
                advice = error.advice or "\\"  # an empty cell
                yield f":exc:`{name}`", " ".join(meaning.split()), advice


def _modules(names: list[str]) -> Iterator[str]:
    """Return the modules, and in place of a package without names those in it."""
    for name in names:
        module = import_module(name)
        if hasattr(module, "__all__"):
            yield name
        else:
            children = sorted(child.name for child in iter_modules(module.__path__))
            yield from (f"{name}.{child}" for child in children if not child.startswith("_"))


def _is_foreign(target: str) -> bool:
    """Whether an alias names a class of a private module, or of another package."""
    package, _, rest = target.partition(".")
    if package == portone_async.__name__:
        return "._" in target
    return bool(rest) and package in sys.modules


def restore_modules() -> None:
    """Let the errors, which name their package, name the modules where autodoc finds their texts."""
    for module in (_client, _error, _money, _response):
        for name in module.__all__:
            vars(module)[name].__module__ = module.__name__


def setup(app: Sphinx) -> dict[str, bool]:
    restore_modules()
    app.add_directive("table-of-errors", TableOfErrors)
    # Before napoleon, which reads sections.
    app.connect("autodoc-process-docstring", convert_fences, priority=400)
    app.connect("autodoc-process-docstring", protect_first_line, priority=400)
    app.connect("autodoc-process-docstring", find_text_of_data, priority=300)
    app.connect("autodoc-process-docstring", add_bases_of_errors, priority=600)
    app.connect("autodoc-skip-member", skip_repeated_names)
    app.connect("autodoc-process-signature", drop_signatures)
    app.connect("missing-reference", resolve_short_names)
    app.connect("doctree-read", leave_builtins_alone)
    app.connect("doctree-read", link_errors)
    app.connect("doctree-read", use_dashes)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
