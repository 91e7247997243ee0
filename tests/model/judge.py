"""Compare reports with the server's state."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .cases import Case
from .report import Ending

if TYPE_CHECKING:
    from .run import CallHistory, Outcome

__all__ = ("check_end", "check_report")


def check_report(case: Case, call: CallHistory, result: object, outcome: Outcome) -> None:
    """Check what a call has just reported."""
    problem = _problem(case, call, result)
    if problem is not None:
        outcome.violations.append(f"job {call.job}: {problem}: {call.report}")


def _problem(case: Case, call: CallHistory, result: object) -> str | None:
    report = call.report
    assert report is not None
    match report.ending:
        case Ending.DONE:
            was_sent = any(exchange.is_act for exchange in call.record.exchanges)
            if call.was_done_before and was_sent and case.sends_once:
                return "sent again although it had been reported done"
            return case.wrong_result(result)
        case Ending.NOT_DONE:
            assert isinstance(result, BaseException)
            call.is_denied = case.denies(result)
            return case.wrong_failure(result)
        case Ending.UNKNOWN if not case.may_be_unknown(call.record, report.at):
            return "unknown without a cause"
        case Ending.HUNG | Ending.CRASHED:
            return "a call must end with a result or an error of the package"
        case _:
            return None


def check_end(cases: list[Case], outcome: Outcome) -> None:
    """Check the final state: what was sent has arrived by now."""
    for number, case in enumerate(cases):
        calls = [call for call in outcome.calls if call.job == number]
        if (excess := case.excess()) is not None:
            outcome.violations.append(f"job {number}: {excess}")
        for call in calls:
            problem = _false_report(case, call)
            if problem is not None:
                outcome.violations.append(f"job {number}: {problem}: {call.report}")


def _false_report(case: Case, call: CallHistory) -> str | None:
    ending = None if call.report is None else call.report.ending
    # What a PG makes later is of no single request; such a job has one call only.
    effects = sum(exchange.effects for exchange in call.record.exchanges)
    if not case.repeats:
        effects = case.effects()
    if ending is Ending.NOT_DONE and call.is_denied and effects:
        return "reported not done, and carried out"
    return None
