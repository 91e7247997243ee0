from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from portone_async.reconcile import Store


@pytest.fixture(name="store")
def _store(tmp_path: Path) -> Iterator[Store]:
    with Store.open(tmp_path / "run.db") as store:
        yield store
