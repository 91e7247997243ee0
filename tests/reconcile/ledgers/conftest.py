"""Every ledger, for the tests that each of them must pass."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import TypeAlias

import pytest

from portone_async.reconcile import Ledger, SQLiteLedger

OpenLedger: TypeAlias = Callable[[str], Ledger]
"""Opens the ledger of a test, by the name of a run; again for the same name."""


@pytest.fixture(name="open_ledger", params=["sqlite"])
def _open_ledger(tmp_path: Path) -> Iterator[OpenLedger]:
    with ExitStack() as stack:

        def open_ledger(run: str) -> Ledger:
            return stack.enter_context(SQLiteLedger.open(tmp_path / "ledger.db", run=run))

        yield open_ledger


@pytest.fixture(name="ledger")
def _ledger(open_ledger: OpenLedger) -> Ledger:
    return open_ledger("november")
