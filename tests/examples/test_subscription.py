"""``examples/subscription.py``, run as a daily job against a fake PortOne."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from portone_async.testing import Disconnect, FakePortOne, LostAnswer, Status
from tests.support.custom_faults import Hanging, ProcessedThenHanging
from tests.support.environment import set_environment
from tests.support.examples import begun, loaded, ran

AGAIN = "/subscribe/payments/again"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="processes are killed by signals")


class Job:
    """The job with its database, and what PortOne has."""

    def __init__(
        self, server: FakePortOne, database: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self.server = server
        self.database = str(database)
        self._capsys = capsys
        self._example = loaded("subscription")

    async def _call(self, *arguments: str) -> list[str]:
        """Run a command in this process, which takes a tenth of the time of another one."""
        message = await asyncio.to_thread(self._example.main, arguments)
        out, err = self._capsys.readouterr()
        assert (message, err) == (None, "")
        return out.splitlines()

    async def add(self, customer_uid: str = "member-1", day: str = "2026-12-01") -> None:
        lines = await self._call("add", self.database, "sub-1", customer_uid, "9900", day)
        assert lines == [f"sub-1: 9900 KRW monthly from {day}"]

    async def run(self, day: str = "2026-12-01") -> list[str]:
        """Run the job to its end; return its lines."""
        return await self._call("run", self.database, day)

    async def run_process(self, day: str = "2026-12-01") -> list[str]:
        """Run the job to its end, as a process; return its lines."""
        status, out, err = await ran("subscription.py", "run", self.database, day)
        assert (status, err) == (0, "")
        return out.splitlines()

    async def killed(self, fault: Hanging, day: str = "2026-12-01") -> None:
        """Run the job, and kill it when a request has met the fault."""
        process = await begun("subscription.py", "run", self.database, day)
        await fault.reached()
        process.kill()
        await process.communicate()
        await fault.left()

    async def charges(self) -> list[tuple[str, str]]:
        """Return period and state of each charge in the database."""
        lines = await self._call("show", self.database)
        return [(line.split()[1], line.split()[3]) for line in lines]

    @property
    def paid(self) -> int:
        """How many payments PortOne has that are paid."""
        return sum(payment.status == "paid" for payment in self.server.payments.of_key("member-1"))

    @property
    def sent(self) -> int:
        return self.server.count(AGAIN, "POST")


@pytest.fixture(name="job")
async def _job(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Job]:
    async with FakePortOne() as server:
        server.billing_keys.add(customer_uid="member-1")
        set_environment(monkeypatch, server)
        monkeypatch.setenv("SUBSCRIPTION_GRACE", "0")
        yield Job(server, tmp_path / "shop.db", capsys)


async def test_each_month_is_charged_once(job: Job) -> None:
    await job.add()
    assert await job.run("2026-11-30") == []
    assert await job.run_process() == ["sub-1 2026-12-01 attempt 1: paid"]
    assert await job.run() == []
    assert await job.run("2027-01-02") == ["sub-1 2027-01-01 attempt 1: paid"]
    assert await job.charges() == [("2026-12-01", "paid"), ("2027-01-01", "paid")]
    assert (job.sent, job.paid) == (2, 2)


async def test_failed_charge_is_tried_again_the_next_day_under_another_number(job: Job) -> None:
    job.server.billing_keys.decline("member-1", times=1)
    await job.add()
    assert await job.run() == ["sub-1 2026-12-01 attempt 1: failed, tried again tomorrow"]
    assert await job.run() == []
    assert await job.run("2026-12-02") == ["sub-1 2026-12-01 attempt 2: paid"]
    assert {payment.status for payment in job.server.payments.of_key("member-1")} == {
        "failed",
        "paid",
    }
    assert len({payment.merchant_uid for payment in job.server.payments.of_key("member-1")}) == 2


async def test_period_is_given_up_after_four_attempts(job: Job) -> None:
    job.server.billing_keys.decline("member-1")
    await job.add()
    for day in range(1, 10):
        await job.run(f"2026-12-{day:02}")
    assert await job.charges() == [("2026-12-01", "failed")] * 4


async def test_job_killed_after_the_charge_charges_once(job: Job) -> None:
    await job.add()
    fault = ProcessedThenHanging()
    job.server.fail(fault, on=AGAIN)
    await job.killed(fault)
    assert await job.charges() == [("2026-12-01", "open")]

    assert await job.run() == ["sub-1 2026-12-01 attempt 1: paid"]

    assert await job.charges() == [("2026-12-01", "paid")]
    assert (job.sent, job.paid) == (1, 1)


@pytest.mark.parametrize("path", [AGAIN, "/payments", "/users/getToken"])
async def test_job_killed_before_the_charge_charges_once(job: Job, path: str) -> None:
    await job.add()
    fault = Hanging()
    job.server.fail(fault, on=path)
    await job.killed(fault)

    assert await job.run() == ["sub-1 2026-12-01 attempt 1: paid"]

    assert job.paid == 1


async def test_job_killed_after_a_failed_charge_waits_for_the_next_day(job: Job) -> None:
    job.server.billing_keys.decline("member-1", times=1)
    await job.add()
    fault = ProcessedThenHanging()
    job.server.fail(fault, on=AGAIN)
    await job.killed(fault)

    assert await job.run() == ["sub-1 2026-12-01 attempt 1: had failed, tried again tomorrow"]
    assert await job.run("2026-12-02") == ["sub-1 2026-12-01 attempt 2: paid"]
    assert (job.sent, job.paid) == (2, 1)


async def test_lost_answer_is_looked_up(job: Job) -> None:
    await job.add()
    job.server.fail(LostAnswer(), on=AGAIN)
    assert await job.run() == ["sub-1 2026-12-01 attempt 1: paid"]
    assert (job.sent, job.paid) == (1, 1)


async def test_two_jobs_at_the_same_time_charge_once(
    job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SUBSCRIPTION_GRACE", "300")
    await job.add()
    lines = [
        line for ran in await asyncio.gather(job.run_process(), job.run_process()) for line in ran
    ]
    assert lines.count("sub-1 2026-12-01 attempt 1: paid") == 1
    assert (job.sent, job.paid) == (1, 1)


async def test_outage_leaves_the_attempt_to_the_next_run(job: Job) -> None:
    await job.add()
    job.server.fail(Status(503), Disconnect(), times=None, on="/payments")
    (line,) = await job.run()
    assert line.startswith("sub-1 2026-12-01 attempt 1: not known, taken up by a later run: ")
    job.server.clear_faults()

    assert await job.run() == ["sub-1 2026-12-01 attempt 1: paid"]

    assert (job.sent, job.paid) == (1, 1)


async def test_unknown_key_is_reported(job: Job) -> None:
    status, out, err = await ran(
        "subscription.py", "add", job.database, "sub-1", "no-key", "9900", "2026-12-01"
    )
    assert (status, out) == (1, "")
    assert "no-key" in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "arguments",
    [(), ("run",), ("run", "x.db", "today"), ("add", "x.db", "s", "k", "9900", "2026-12-31")],
)
async def test_wrong_usage_is_reported_in_one_line(job: Job, arguments: tuple[str, ...]) -> None:
    status, out, err = await ran("subscription.py", *arguments)
    assert (status, out, err.count("\n")) == (1, "", 1)
    assert not job.server.requests
