"""Run one episode, and check each report and the final state."""

from __future__ import annotations

import asyncio
import gc
import random
from collections import Counter
from contextvars import copy_context
from typing import Any

from msgspec import Struct, field

from tests.support.virtual_time import VirtualLoop

from .cases import Case, case_of, set_up
from .far_end import FarEnd, imp_uid_of
from .judge import check_end, check_report
from .network import CALL, CallRecord, Network
from .plan import CALM, ClientOptions, Delivery, Intrusion, Job, Plan
from .process import PROCESS, Killer, Process
from .report import Ending, Report, report_of
from .steps import cancelled_at
from .subject import Subject

__all__ = ("CallHistory", "Outcome", "run_plan")

_HUNG = 7200.0
_MOST_CALM_DELIVERIES = 3


class CallHistory(Struct):
    """One call of a job: its plan, its exchanges, and what it reported."""

    job: int
    delivery: Delivery
    record: CallRecord
    started_at: float
    report: Report | None = None
    is_denied: bool = False
    """Whether its report is that this call carried nothing out."""
    was_done_before: bool = False
    """Whether an earlier call of the job had reported it done."""


class Outcome(Struct):
    """What an episode showed."""

    violations: list[str] = []
    calls: list[CallHistory] = []
    faults: Counter[str] = field(default_factory=Counter[str])
    requests: int = 0
    kills: int = 0

    @property
    def endings(self) -> Counter[Ending]:
        return Counter(call.report.ending for call in self.calls if call.report is not None)

    def history(self) -> str:
        """Return what happened, for people: each call with its requests, and the violations."""
        lines: list[str] = []
        for call in self.calls:
            lines.append(f"job {call.job} by process {call.delivery.process}")
            lines += [f"    {exchange}" for exchange in call.record.exchanges]
            lines.append(f"    {call.report}")
        return "\n".join([*lines, *self.violations])


def run_plan(plan: Plan, subject: Subject) -> Outcome:
    """Run an episode in virtual time."""
    state, is_collecting = random.getstate(), gc.isenabled()
    random.seed(plan.seed)  # The client draws the waits between its retries.
    gc.disable()  # A collection would execute lines of the package at another line each time.
    outcome = Outcome()
    try:
        with asyncio.Runner(debug=False, loop_factory=VirtualLoop) as runner:
            runner.get_loop().set_exception_handler(_ignore)
            runner.run(_Episode(plan, subject, outcome).run())
    finally:
        random.setstate(state)
        if is_collecting:
            gc.enable()
    return outcome


def _ignore(_: asyncio.AbstractEventLoop, __: dict[str, Any]) -> None:
    """Ignore what tasks of dead processes raise."""


class _Episode:
    """A server, the processes, and the jobs that they perform."""

    def __init__(self, plan: Plan, subject: Subject, outcome: Outcome) -> None:
        self._plan = plan
        self._subject = subject
        self._outcome = outcome

    async def run(self) -> None:
        loop = self._loop = asyncio.get_running_loop()
        far_end = self._far_end = FarEnd(loop)
        far_end.charges.refuses_used_numbers = self._plan.refuses_used_numbers
        set_up(far_end, self._plan)
        self._network = Network(far_end)
        self._killer = Killer()
        self._processes: dict[int, Process] = {}
        self._closing: list[asyncio.Task[None]] = []
        self._cases = [
            case_of(far_end, n, job, self._plan) for n, job in enumerate(self._plan.jobs)
        ]
        for intrusion in self._plan.intrusions:
            loop.call_later(intrusion.at, self._intrude, intrusion)
        try:
            await self._run_jobs()
        finally:
            self._outcome.faults = self._network.faults
            self._outcome.requests = self._network.requests
            self._outcome.kills = self._killer.kills

    async def _run_jobs(self) -> None:
        async with asyncio.TaskGroup() as group:
            for number, job in enumerate(self._plan.jobs):
                group.create_task(self._run_job(number, job))
        for number, case in enumerate(self._cases):
            if case.repeats:
                await self._repeat_calmly(number, case)
        await asyncio.sleep(CALM.delay)
        self._far_end.account.agenda.run_due()
        for closing in self._closing:
            await closing
        check_end(self._cases, self._outcome)
        self._outcome.violations += self._network.overlaps

    async def _run_job(self, number: int, job: Job) -> None:
        await asyncio.sleep(job.starts_at)
        running: list[asyncio.Task[None]] = []
        for delivery in job.deliveries:
            if not delivery.overlaps and running:
                await asyncio.wait(running)
            await asyncio.sleep(delivery.delay)
            running.append(self._loop.create_task(self._deliver(number, delivery)))
        for task in running:
            await task

    async def _repeat_calmly(self, number: int, case: Case) -> None:
        """Repeat a job without faults: it must end."""
        for _ in range(_MOST_CALM_DELIVERIES):
            await asyncio.sleep(CALM.delay)
            must_succeed = case.must_succeed()
            await self._deliver(number, CALM)
            report = self._outcome.calls[-1].report
            assert report is not None
            if report.ending is Ending.DONE:
                return
            if must_succeed:
                self._blame(number, f"a call without a fault ended: {report}")
                return

    def _blame(self, number: int, sentence: str) -> None:
        self._outcome.violations.append(f"job {number}: {sentence}")

    def _intrude(self, intrusion: Intrusion) -> None:
        imp_uid = imp_uid_of(intrusion.payment)
        if self._far_end.balance(imp_uid) >= intrusion.amount:
            self._far_end.refund(imp_uid, intrusion.amount, "console")

    def _process(self, number: int) -> Process:
        process = self._processes.get(number)
        if process is None or process.is_dead or number == CALM.process:
            options = ClientOptions() if number == CALM.process else self._plan.options
            process = Process(lambda process: self._network.client(process, options))
            self._processes[number] = process
        return process

    def _close(self, number: int, process: Process) -> None:
        """Close the client of a process in order; the next call is that of a new one."""
        if self._processes.get(number) is process and not process.is_dead:
            process.is_closed = True
            del self._processes[number]
            self._closing.append(self._loop.create_task(process.client.close()))

    async def _deliver(self, number: int, delivery: Delivery) -> None:
        case = self._cases[number]
        process = self._process(delivery.process)
        record = CallRecord(delivery, process, case)
        call = CallHistory(number, delivery, record, self._loop.time())
        call.was_done_before = any(
            other.report.ending is Ending.DONE
            for other in self._outcome.calls
            if other.job == number and other.report is not None
        )
        self._outcome.calls.append(call)
        result = await self._call(case, delivery, record)
        call.report = result if isinstance(result, Report) else report_of(result, self._loop.time())
        self._far_end.account.agenda.run_due()
        check_report(case, call, result, self._outcome)

    async def _call(self, case: Case, delivery: Delivery, record: CallRecord) -> object:
        """Call the subject in a process; return the result, the exception, or another end."""
        process = record.process
        context = copy_context()
        context.run(PROCESS.set, process)
        context.run(CALL.set, record)
        work = cancelled_at(case.perform(self._subject, process.client), delivery.cancel)
        task: asyncio.Task[Any] = self._loop.create_task(work, context=context)
        if delivery.kill_at is not None:
            self._killer.arm(process, delivery.kill_at)
        if delivery.close_after is not None:
            self._loop.call_later(delivery.close_after, self._close, delivery.process, process)
        ends: set[asyncio.Future[Any]] = {task, process.died}
        await asyncio.wait(ends, timeout=_HUNG, return_when=asyncio.FIRST_COMPLETED)
        if delivery.kill_at is not None:
            self._killer.disarm(process)
        now = self._loop.time()
        if process.is_dead:
            task.cancel()
            return Report(Ending.KILLED, now)
        if not task.done():
            task.cancel()
            return Report(Ending.HUNG, now)
        if task.cancelled():
            return Report(Ending.CANCELLED, now)
        return task.exception() or task.result()
