"""Docstrings in forms that editors show: Markdown fences, plain roles, no other reStructuredText.

Pylance and pyright show a docstring as Markdown. They know fenced code and ``Args:``; a
``.. code-block::`` swallows what follows it, a ``::`` block keeps its indent, a table of ``====``
falls apart, and of ``:class:`~a.B``` a tilde is left.
"""

from __future__ import annotations

import ast
import re
from textwrap import dedent
from typing import Any, get_args, get_type_hints

import pytest

from portone_async import Payment, PaymentStatus, PortOneClient
from portone_async.reconcile import reconcile
from portone_async.resources.payments import Payments
from tests.support.docstrings import PACKAGE, docstrings

FILES = sorted(PACKAGE.rglob("*.py"))

UNSHOWN = {
    "directive": re.compile(r"^\s*\.\. \w", re.MULTILINE),
    "literal block": re.compile(r"(?<!:)::\s*$", re.MULTILINE),
    "table": re.compile(r"^\s*={4,}", re.MULTILINE),
    "shortened role": re.compile(r":\w+:`~"),
    "role of an unknown kind": re.compile(r":(?!(attr|class|data|exc|func|meth|mod):)\w+:`"),
}


def fences(text: str) -> list[tuple[str, str]]:
    found = re.findall(r"^([ ]*)```(\w+)\n(.*?)^\1```$", text, re.MULTILINE | re.DOTALL)
    return [(kind, dedent(code)) for _, kind, code in found]


# One test for all files: each would take longer than what it asserts.
def test_docstrings_have_no_markup_that_editors_garble() -> None:
    garbled = [
        (path, name, text)
        for path in FILES
        for text in docstrings(path)
        for name, pattern in UNSHOWN.items()
        if pattern.search(text)
    ]

    assert garbled == []


def test_code_in_docstrings_is_fenced_and_parses() -> None:
    for path in FILES:
        for text in docstrings(path):
            blocks = fences(text)
            assert text.count("```") == 2 * len(blocks), f"{path}: {text}"
            for kind, code in blocks:
                assert kind in {"python", "text"}, path
                if kind == "python":
                    compile(code, str(path), "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)


def test_docstring_parsers_find_examples() -> None:
    blocks = [block for path in FILES for text in docstrings(path) for block in fences(text)]

    assert len(blocks) >= 10
    assert UNSHOWN["literal block"].search("For example::\n\n    code")
    assert UNSHOWN["directive"].search("\n    .. code-block:: python\n")


@pytest.mark.parametrize("function", [Payments.list, reconcile])
def test_editors_complete_the_statuses_of_lists(function: Any) -> None:
    words = set(PaymentStatus) - {PaymentStatus.PENDING} | {"all"}
    name = "status" if function is Payments.list else "statuses"

    assert words <= set(_literals(get_type_hints(function)[name]))


def _literals(hint: Any) -> list[object]:
    if not get_args(hint):
        return [hint]
    return [each for part in get_args(hint) for each in _literals(part)]


def test_public_type_hints_name_no_alias() -> None:
    source = (PACKAGE / "models" / "payments.py").read_text("utf-8")
    (fields,) = (
        node
        for node in ast.parse(source).body
        if isinstance(node, ast.ClassDef) and node.name == Payment.__name__
    )
    hints = " ".join(
        ast.unparse(each.annotation)
        for each in fields.body
        if isinstance(each, ast.AnnAssign) and "ClassVar" not in ast.unparse(each.annotation)
    )

    # A type checker reads `Many` as `tuple`; names in capitals are metadata.
    names = {name for name in re.findall(r"\b[A-Za-z]\w*", hints) if not name.isupper()}
    assert names == {
        *("Annotated", "Any", "Cancellation", "Decimal", "Deposit", "Many", "None"),
        *("PaymentStatus", "Promotion", "bool", "datetime", "dict", "int", "str"),
    }
    assert "OnAttempt" not in str(PortOneClient.__init__.__annotations__)
