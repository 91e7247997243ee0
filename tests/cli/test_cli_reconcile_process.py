"""``portone-async reconcile`` as a process that is killed, interrupted and started again."""

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

ORDERS = 3000
ROOT = Path(portone_async.__file__).parents[1]


async def begun(
    server: FakePortOne, folder: Path, store: str, *, rate: int = 100
) -> asyncio.subprocess.Process:
    """Start a run of some thirty requests: slowly, where it is to be met in the middle."""
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
    """A folder with orders that differ from the payments here and there."""
    server.add_many(
        {"merchant_uid": f"o-{n}", "amount": 1000 + n % 7} for n in range(ORDERS) if n % 500
    )
    rows = [f"o-{n},{1000 + n % 7 + (n % 700 == 1)}" for n in range(ORDERS)]
    (tmp_path / "orders.csv").write_text("\n".join(["merchant_uid,amount", *rows]))
    return tmp_path


def findings(path: Path) -> list[Finding]:
    with Store.open(path) as store:
        return list(store.findings())


async def until_asked(server: FakePortOne, requests: int) -> None:
    while server.count("/payments") < requests:
        await asyncio.sleep(0.005)  # not busily: the processes need the machine


@pytest.mark.slow
async def test_a_run_that_is_killed_again_and_again_ends_like_one_that_was_left_alone(
    server: FakePortOne, folder: Path
) -> None:
    whole = await begun(server, folder, "whole.db")
    assert (await whole.communicate())[1] == b""
    assert whole.returncode == 1
    for requests in (1, 4, 9):
        server.clear_requests()
        process = await begun(server, folder, "killed.db", rate=5)
        await until_asked(server, requests)
        process.kill()
        await process.communicate()
        assert process.returncode == -signal.SIGKILL
    last = await begun(server, folder, "killed.db")
    assert (await last.communicate())[1] == b""

    assert last.returncode == 1
    assert findings(folder / "killed.db") == findings(folder / "whole.db")
    assert len(findings(folder / "whole.db")) == ORDERS


async def test_a_run_that_is_interrupted_says_how_to_go_on(
    server: FakePortOne, folder: Path
) -> None:
    process = await begun(server, folder, "run.db", rate=5)
    await until_asked(server, 2)
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()

    assert process.returncode == 130
    assert out == b""
    assert err.decode().splitlines() == [
        "stopped. The results so far are in run.db: run the same command again to continue."
    ]


async def test_a_second_run_on_the_same_store_is_refused(server: FakePortOne, folder: Path) -> None:
    first = await begun(server, folder, "run.db", rate=20)
    await until_asked(server, 1)
    first.send_signal(signal.SIGSTOP)
    second = await begun(server, folder, "run.db")
    _, err = await second.communicate()
    first.send_signal(signal.SIGCONT)

    assert second.returncode == 2
    assert "run.db" in err.decode()
    assert "Traceback" not in err.decode()
    assert (await first.communicate())[1] == b""
    assert first.returncode == 1
