"""The model finds nothing in a careful client, and detects each careless one."""

from __future__ import annotations

import logging
from random import Random
from typing import Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from .faults import KINDS, Fault
from .generate import make_plan
from .mutants import MUTANTS, Careful, Repeating
from .plan import (
    Book,
    Cancel,
    Charge,
    Delivery,
    Job,
    Operation,
    Plan,
    PlannedSchedule,
    Refund,
    Retry,
)
from .report import Ending
from .run import run_plan
from .search import search
from .subject import PackageSubject, Subject


@pytest.fixture(autouse=True)
def _no_log(caplog: pytest.LogCaptureFixture) -> None:
    """Record no warning of the many retries."""
    caplog.set_level(logging.CRITICAL, "portone_async")


@pytest.mark.parametrize("subject", [PackageSubject(), Careful()], ids=["package", "careful"])
def test_careful_client_shows_no_violation(subject: Subject) -> None:
    figures, failure = search(subject, seed=3, operations=1200)

    assert failure is None, str(failure)
    assert set(figures.faults) == KINDS.keys() - {"none"}
    assert figures.kills > 20
    assert all(figures.endings[e] > 5 for e in set(Ending) - {Ending.HUNG, Ending.CRASHED})


@pytest.mark.slow  # It checks the model, not the package.
@pytest.mark.parametrize("mutant", MUTANTS, ids=lambda mutant: type(mutant).__name__)
def test_careless_client_shows_a_violation(mutant: Subject) -> None:
    _, failure = search(mutant, seed=1, operations=8000, is_shrunk=False)
    assert failure is not None


def test_violation_is_shrunk_and_can_be_replayed() -> None:
    _, failure = search(Repeating(), seed=1, operations=4000)

    assert failure is not None
    plan = msgspec.json.decode(failure.replay, type=Plan)
    assert run_plan(plan, Repeating()).violations == failure.outcome.violations
    assert len(plan.jobs) == 1
    assert len(failure.outcome.calls) <= 2


@given(draw=st.randoms(use_true_random=False))
def test_no_plan_breaks_the_package(draw: Random) -> None:
    outcome = run_plan(make_plan(draw, jobs=3), PackageSubject())
    assert not outcome.violations, outcome.history()


OPERATIONS = {
    "refund": Refund(0, 100),
    "whole refund": Refund(0, None),
    "charge": Charge(1000),
    "booking": Book(0),
    "repeated schedule": Retry(1),
}
SCHEDULES = (PlannedSchedule(9900, runs_at=90_000.0), PlannedSchedule(9900, is_failed=True))
# The requests of a call are the token, a look-up, and what acts.
FAULTS = ((), (Fault(), Fault(), Fault("reset after")), (Fault(), Fault(), Fault("reset before")))


def _endings(operation: Operation, delivery: Delivery) -> list[Ending]:
    plan = Plan(payments=(1000,), jobs=(Job(operation, (delivery,)),), schedules=SCHEDULES)
    outcome = run_plan(plan, PackageSubject())
    assert not outcome.violations, outcome.history()
    return [call.report.ending for call in outcome.calls if call.report is not None]


@pytest.mark.parametrize(
    "faults",
    [
        pytest.param(FAULTS[0], id="no fault"),
        pytest.param(FAULTS[1], id="lost answer", marks=pytest.mark.slow),
        pytest.param(FAULTS[2], id="lost request", marks=pytest.mark.slow),
    ],
)
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_process_can_end_at_each_line(operation: Operation, faults: tuple[Fault, ...]) -> None:
    number, endings = 1, [Ending.KILLED]
    while endings[0] is Ending.KILLED:
        endings = _endings(operation, Delivery(kill_at=number, faults=faults))
        # A sample of some hundred lines, or of some thousand where the call is looked up for long.
        number += 41 if faults is FAULTS[2] else 11
    assert number > 400


@pytest.mark.parametrize("faults", FAULTS, ids=["no fault", "lost answer", "lost request"])
@pytest.mark.parametrize("when", ["at once", "with the result", "later"])
@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS)
def test_task_can_be_cancelled_at_each_await(
    operation: Operation,
    when: Literal["at once", "with the result", "later"],
    faults: tuple[Fault, ...],
) -> None:
    number, endings = 0, [Ending.CANCELLED]
    while endings[0] is Ending.CANCELLED:
        number += 1
        delivery = Delivery(cancel=Cancel(number, when, 0.005), faults=faults)
        endings = _endings(operation, delivery)
    assert number > 3
