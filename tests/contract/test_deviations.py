"""Each deviation from the document is real: without its entry a difference is reported."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Any

import pytest

from tests.contract import deviations
from tests.contract.document import load
from tests.contract.recorder import METHODS, VARIANTS
from tests.contract.surface import gaps, operation_gaps

FACTS = load()
TABLES: dict[str, dict[Any, Any]] = {
    name: table
    for name in deviations.__all__
    if isinstance(table := getattr(deviations, name), dict)
}


def entries() -> Iterator[Any]:
    for name, table in TABLES.items():
        for key in table:
            words = key if isinstance(key, str) else " ".join(key)
            yield pytest.param(name, key, id=f"{name} {words}")


def gaps_of(owner: str) -> Iterator[str]:
    """Yield the differences of an endpoint or a method."""
    for operation in (*METHODS, *VARIANTS):
        if owner in {operation.endpoint, operation.call}:
            yield from operation_gaps(FACTS, operation)


def test_package_differs_from_the_document_only_where_it_is_listed() -> None:
    assert [*gaps(FACTS)] == []


@pytest.mark.slow
@pytest.mark.parametrize(("name", "key"), list(entries()))
def test_deviation_is_needed(name: str, key: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(TABLES[name], key)

    own = gaps_of(key if isinstance(key, str) else key[0])  # Most are here, and all are slow.
    assert next(chain(own, gaps(FACTS)), None) is not None
