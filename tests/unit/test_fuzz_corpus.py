"""Replay the corpus of the fuzzer: inputs that once broke a promise."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fuzz.targets import CORPUS, TARGETS, inputs


def kept() -> Iterator[Any]:
    for target in TARGETS:
        for path in inputs(target):
            yield pytest.param(target, path, id=f"{target}/{path.name}")


@pytest.mark.parametrize(("target", "path"), list(kept()))
def test_no_stored_input_breaks_a_promise(target: str, path: Path) -> None:
    TARGETS[target](path.read_bytes())


def test_corpus_is_small_and_every_input_has_a_target() -> None:
    files = [path for path in CORPUS.rglob("*") if path.is_file()]

    assert {path.parent.name for path in files} == set(TARGETS)
    assert len(files) <= 110
    assert sum(path.stat().st_size for path in files) <= 100_000
