"""The jobs of an episode: how each is performed, and what the server's state shows of it."""

from __future__ import annotations

from tests.model.far_end import FarEnd
from tests.model.plan import Book, Charge, Find, Job, Plan, Refund, Retry, Revoke

from ._case import Case
from ._charges import ChargeCase
from ._refunds import FindCase, RefundCase
from ._schedules import BookCase, RetryCase, RevokeCase, merchant_uid_of_schedule

__all__ = ("Case", "case_of", "set_up")

_KEYS = ("good", "declined")


def case_of(far_end: FarEnd, number: int, job: Job, plan: Plan) -> Case:
    match job.operation:
        case Find():
            return FindCase(far_end, job.operation)
        case Refund():
            return RefundCase(far_end, number, job.operation, is_slow=plan.is_slow)
        case Charge():
            return ChargeCase(far_end, number, job.operation)
        case Book():
            return BookCase(far_end, job.operation, plan.schedules[job.operation.schedule])
        case Revoke():
            return RevokeCase(far_end, job.operation, plan.schedules[job.operation.schedule])
        case Retry():
            return RetryCase(far_end, job.operation, plan.schedules[job.operation.schedule])


def set_up(far_end: FarEnd, plan: Plan) -> None:
    """Store what a plan's jobs need before they start."""
    for number, amount in enumerate(plan.payments):
        far_end.add_payment(number, amount, is_slow=plan.is_slow)
    for key in _KEYS:
        far_end.keys.add(customer_uid=key)
    far_end.keys.decline("declined")
    for number, schedule in enumerate(plan.schedules):
        if schedule.is_failed:
            far_end.add_failed_schedule(merchant_uid_of_schedule(number), schedule.amount)
