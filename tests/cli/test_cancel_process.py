"""``portone-async cancel`` as a process that is interrupted or killed in the middle."""

from __future__ import annotations

import asyncio
import signal
import sys

import pytest

from portone_async.testing import FakePortOne
from tests.support.custom_faults import Hanging, ProcessedThenHanging

pytestmark = [
    pytest.mark.usefixtures("environment"),
    pytest.mark.skipif(sys.platform == "win32", reason="signals are not sent so there"),
]

CANCEL = "/payments/cancel"


async def begun(imp_uid: str) -> asyncio.subprocess.Process:
    refund = ("--amount", "5000", "--reason", "returned", "--key", "R-1", "--yes")
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "error", "-m", "portone_async", "cancel", imp_uid, *refund),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.parametrize(
    ("fault", "output", "posts"),
    [
        (ProcessedThenHanging, "ORD-1: cancelled before with this key, nothing was sent; ", 1),
        (Hanging, "ORD-1: cancelled 5,000 KRW; ", 2),
    ],
)
async def test_killed_command_cancels_once_when_it_is_repeated(
    server: FakePortOne, fault: type[Hanging], output: str, posts: int
) -> None:
    payment = server.add(merchant_uid="ORD-1", amount=15000)
    stuck = fault()
    server.fail(stuck, on=CANCEL)
    first = await begun(payment.imp_uid)
    await stuck.reached()
    first.kill()
    await first.communicate()

    second = await begun(payment.imp_uid)
    out, _ = await second.communicate()

    assert second.returncode == 0
    assert out.decode() == f"{output}5,000 KRW in total, balance 10,000 KRW\n"
    assert server.count(CANCEL, "POST") == posts
    (entry,) = server.payments.of_order("ORD-1")
    assert [each["amount"] for each in entry.record["cancel_history"]] == [5000]


async def test_ctrl_c_during_the_cancellation_reports_that_it_may_be_made(
    server: FakePortOne,
) -> None:
    payment = server.add(merchant_uid="ORD-1", amount=15000)
    stuck = Hanging()
    server.fail(stuck, on=CANCEL)
    process = await begun(payment.imp_uid)
    await stuck.reached()
    process.send_signal(signal.SIGINT)
    out, err = await process.communicate()

    assert (process.returncode, out) == (130, b"")
    last = err.decode().splitlines()[-1]
    assert last == "interrupted: it may have been cancelled; run the same command again"
