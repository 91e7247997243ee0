"""``portone-async reconcile`` as a process: kills, interrupts, resumed runs and locked stores."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path

import pytest

import portone_async
from portone_async.reconcile import Finding, Store
from portone_async.testing import FakePortOne
from tests.support.custom_faults import Held

ORDERS = 3000
ROOT = Path(portone_async.__file__).parents[1]


async def start(
    server: FakePortOne, folder: Path, store: str, *, rate: int = 100
) -> asyncio.subprocess.Process:
    """Start a run of some thirty requests; a low rate leaves time to interrupt it."""
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "portone_async", "reconcile", "orders.csv"),
        *("--store", store, "--rate", str(rate)),
        cwd=folder,
        env=os.environ
        | {
            "PYTHONPATH": str(ROOT),
            "PORTONE_BASE_URL": server.url,
            "PORTONE_IMP_KEY": server.imp_key,
            "PORTONE_IMP_SECRET": server.imp_secret,
        },
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.fixture(name="folder")
def _folder(server: FakePortOne, tmp_path: Path) -> Path:
    """Write orders of which some differ from their payments, and return the folder."""
    server.add_many(
        {"merchant_uid": f"o-{n}", "amount": 1000 + n % 7} for n in range(ORDERS) if n % 500
    )
    rows = [f"o-{n},{1000 + n % 7 + (n % 700 == 1)}" for n in range(ORDERS)]
    (tmp_path / "orders.csv").write_text("\n".join(["merchant_uid,amount", *rows]))
    return tmp_path


def findings(path: Path) -> list[Finding]:
    with Store.open(path) as store:
        return list(store.findings())


async def wait_for_requests(server: FakePortOne, requests: int) -> None:
    while server.count("/payments") < requests:
        await asyncio.sleep(0.005)  # A busy loop would slow down the processes.


@pytest.mark.slow
async def test_repeatedly_killed_run_ends_like_an_undisturbed_one(
    server: FakePortOne, folder: Path
) -> None:
    whole = await start(server, folder, "whole.db")
    assert (await whole.communicate())[1] == b""
    assert whole.returncode == 1
    for requests in (1, 4, 9):
        server.clear_requests()
        process = await start(server, folder, "killed.db", rate=5)
        await wait_for_requests(server, requests)
        process.kill()
        await process.communicate()
        assert process.returncode == -signal.SIGKILL
    last = await start(server, folder, "killed.db")
    assert (await last.communicate())[1] == b""

    assert last.returncode == 1
    assert findings(folder / "killed.db") == findings(folder / "whole.db")
    assert len(findings(folder / "whole.db")) == ORDERS


async def test_interrupted_run_prints_how_to_resume(server: FakePortOne, folder: Path) -> None:
    process = await start(server, folder, "run.db", rate=5)
    await wait_for_requests(server, 2)
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()

    assert process.returncode == 130
    assert out == b""
    assert err.decode().splitlines() == [
        "stopped. The results so far are in run.db: run the same command again to continue."
    ]


async def test_second_run_on_a_store_in_use_is_rejected(server: FakePortOne, folder: Path) -> None:
    server.fail(held := Held())
    first = await start(server, folder, "run.db")
    await wait_for_requests(server, 1)
    second = await start(server, folder, "run.db")
    _, err = await second.communicate()
    held.release()

    assert second.returncode == 2
    assert "run.db" in err.decode()
    assert "Traceback" not in err.decode()
    assert (await first.communicate())[1] == b""
    assert first.returncode == 1
