"""Test every decision about a refund: the trace in a payment, and the next step."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import combinations_with_replacement, product
from typing import Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from portone_async import Cancellation, Payment, PaymentStatus, Promotion
from portone_async.resources.payments._refund_decision import (
    Action,
    Answer,
    Refund,
    Trace,
    decide,
    trace,
)
from portone_async.resources.payments._refund_units import is_refund_of

ACCEPTED, REFUSED, LOST = Answer.ACCEPTED, Answer.REFUSED, Answer.LOST
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def payment(amount: int = 15000, *refunds: Cancellation, **fields: Any) -> Payment:
    total = sum((each.amount for each in refunds), Decimal(0))
    values: dict[str, Any] = {
        "imp_uid": "imp_1",
        "merchant_uid": "o",
        "status": PaymentStatus.PAID,
        "amount": Decimal(amount),
        "cancel_amount": total,
        "cancel_history": refunds,
    }
    return Payment(**(values | fields))


def refunded(amount: int | str, reason: str | None = "r", number: int = 0) -> Cancellation:
    return Cancellation(
        amount=Decimal(amount),
        reason=reason,
        cancelled_at=NOON + timedelta(minutes=number),
        cancellation_id=f"c{number}" if number else None,
    )


def refund(before: Payment, amount: int = 1000, key: str | None = None) -> Refund:
    reason = "r" if key is None else f"r [key:{key}]"
    return Refund(
        before=before, amount=Decimal(amount), checksum=before.balance, reason=reason, key=key
    )


PLAIN = refund(payment())
KEYED = refund(payment(), key="R-1")
OLD = refunded(2000, number=1)
LATER = refund(payment(15000, OLD))


# What a payment tells


@pytest.mark.parametrize(
    ("wanted", "now", "answers", "expected"),
    [
        pytest.param(PLAIN, payment(), [LOST], Trace.ABSENT, id="unchanged"),
        pytest.param(PLAIN, payment(15000, refunded(1000)), [LOST], Trace.MADE, id="made"),
        pytest.param(LATER, payment(15000, OLD), [LOST], Trace.ABSENT, id="old entry"),
        pytest.param(
            LATER, payment(15000, OLD, refunded(1000, number=2)), [LOST], Trace.MADE, id="new entry"
        ),
        pytest.param(
            refund(payment(15000, refunded(1000))),
            payment(15000, refunded(1000)),
            [LOST],
            Trace.ABSENT,
            id="equal old entry without an id",
        ),
        pytest.param(
            refund(payment(15000, refunded(1000))),
            payment(15000, refunded(1000), refunded(1000)),
            [LOST],
            Trace.MADE,
            id="second equal entry without an id",
        ),
        pytest.param(
            PLAIN, payment(15000, refunded(999)), [LOST], Trace.OVERTAKEN, id="another amount"
        ),
        pytest.param(
            PLAIN,
            payment(15000, refunded(1000, number=1), refunded(500, number=2)),
            [LOST],
            Trace.MADE,
            id="another one after it",
        ),
        pytest.param(
            PLAIN, payment(15000, cancel_amount=Decimal(1000)), [LOST], Trace.UNCLEAR, id="no entry"
        ),
        pytest.param(
            PLAIN,
            payment(15000, refunded(1000), cancel_amount=Decimal(0)),
            [LOST],
            Trace.UNCLEAR,
            id="entry without a smaller balance",
        ),
        pytest.param(PLAIN, payment(16000), [LOST], Trace.OVERTAKEN, id="deposit"),
        pytest.param(
            PLAIN,
            payment(15000, cancel_amount=Decimal(1), unreadable=("cancel_history[0].amount",)),
            [LOST],
            Trace.UNCLEAR,
            id="unreadable entry",
        ),
        pytest.param(
            PLAIN,
            payment(15000, refunded(1000, "another")),
            [LOST],
            Trace.MADE,
            id="equal sum for another reason, answer lost",
        ),
        pytest.param(
            PLAIN,
            payment(15000, refunded(1000, "another")),
            [REFUSED],
            Trace.OVERTAKEN,
            id="equal sum for another reason, refused",
        ),
        pytest.param(
            PLAIN,
            payment(15000, refunded(1000, "r")),
            [REFUSED],
            Trace.MADE,
            id="equal sum for the same reason, refused",
        ),
        pytest.param(
            KEYED,
            payment(15000, refunded(1000, "r [key:R-1]")),
            [LOST],
            Trace.MADE,
            id="with the key",
        ),
        pytest.param(
            KEYED,
            payment(15000, refunded(1000, "r [key:R-10]")),
            [LOST],
            Trace.OVERTAKEN,
            id="with a longer key",
        ),
        pytest.param(
            KEYED,
            payment(15000, refunded(1000, "R-1")),
            [LOST],
            Trace.OVERTAKEN,
            id="key as a word",
        ),
        pytest.param(
            KEYED,
            payment(15000, refunded(1000, None)),
            [LOST],
            Trace.UNCLEAR,
            id="with a key, no reason, lost",
        ),
        pytest.param(
            KEYED,
            payment(15000, refunded(999, None)),
            [LOST],
            Trace.OVERTAKEN,
            id="with a key, no reason, another amount, lost",
        ),
        pytest.param(
            KEYED,
            payment(15000, cancel_amount=Decimal(1000)),
            [ACCEPTED],
            Trace.MADE,
            id="accepted, no entry",
        ),
        pytest.param(
            PLAIN,
            payment(15000, cancel_amount=Decimal(1001)),
            [ACCEPTED],
            Trace.UNCLEAR,
            id="accepted, no entry, another amount",
        ),
        pytest.param(
            PLAIN,
            payment(16000, cancel_amount=Decimal(1000)),
            [ACCEPTED],
            Trace.UNCLEAR,
            id="accepted, no entry, a deposit",
        ),
        pytest.param(
            KEYED,
            payment(15000, refunded(1000, None)),
            [ACCEPTED],
            Trace.MADE,
            id="with a key, no reason, accepted",
        ),
        pytest.param(
            KEYED,
            payment(15000, refunded(1000, "another")),
            [ACCEPTED],
            Trace.OVERTAKEN,
            id="with a key, another reason, accepted",
        ),
        pytest.param(
            KEYED,
            payment(15000, refunded(500, "[key:R-1]")),
            [LOST],
            Trace.OVERTAKEN,
            id="key of another amount",
        ),
        pytest.param(
            KEYED,
            payment(15000, refunded(1000, None), unreadable=("cancel_history[0].reason",)),
            [LOST],
            Trace.UNCLEAR,
            id="unreadable reason",
        ),
        pytest.param(
            KEYED,
            payment(15000, refunded(1000, None, 1), refunded(500, None, 2)),
            [ACCEPTED],
            Trace.OVERTAKEN,
            id="with a key, two without a reason, accepted",
        ),
        pytest.param(
            LATER,
            payment(15000, replace(OLD, reason="edited", cancelled_at=None)),
            [LOST],
            Trace.ABSENT,
            id="old entry that was edited",
        ),
        pytest.param(PLAIN, payment(), [ACCEPTED], Trace.ABSENT, id="pending"),
    ],
)
def test_payment_tells_whether_the_refund_was_made(
    wanted: Refund, now: Payment, answers: list[Answer], expected: Trace
) -> None:
    assert trace(wanted, now, answers) is expected


def promoted(amount: int, discount: int, *refunds: Cancellation) -> Payment:
    return payment(amount, *refunds, promotion=Promotion(id="p", discount=Decimal(discount)))


# 20,000 at 10% off, 18,000 approved, refund of 10,000, in either reading.
ORDER_MONEY = promoted(20000, 2000), refunded(10000)
APPROVED_MONEY = promoted(18000, 2000), refunded(9000)


@pytest.mark.parametrize(("before", "entry"), [ORDER_MONEY, APPROVED_MONEY])
@pytest.mark.parametrize("answer", [ACCEPTED, LOST])
def test_promoted_refund_is_found_in_either_money(
    before: Payment, entry: Cancellation, answer: Answer
) -> None:
    wanted = refund(before, 10000)
    after = replace(before, cancel_amount=entry.amount, cancel_history=(entry,))
    assert trace(wanted, after, [answer]) is Trace.MADE


def test_smaller_promoted_refund_is_unclear_without_an_answer_or_a_key() -> None:
    # The rest of the order lost its discount.
    before = promoted(18000, 2000)
    after = promoted(18000, 2000, refunded(8000, "r [key:R-1]"))
    assert trace(refund(before, 10000), after, [LOST]) is Trace.UNCLEAR
    assert trace(refund(before, 10000), after, [ACCEPTED]) is Trace.MADE
    assert trace(refund(before, 10000, "R-1"), after, [LOST]) is Trace.MADE


def test_larger_promoted_refund_is_another_one() -> None:
    before = promoted(18000, 2000)
    after = promoted(18000, 2000, refunded(10001))
    assert trace(refund(before, 10000), after, [LOST]) is Trace.OVERTAKEN


@pytest.mark.parametrize(
    ("booked", "is_expected"),
    [("333", True), ("301", False), ("300", True), ("299", True), ("298", False)],
)
def test_share_of_a_promotion_may_be_rounded_in_either_direction(
    booked: str, is_expected: bool
) -> None:
    # 333 at 10% off is 299.7.
    assert is_refund_of(promoted(20000, 2000), Decimal(333), Decimal(booked)) is is_expected


def test_share_without_a_promotion_is_the_exact_amount() -> None:
    assert not is_refund_of(payment(), Decimal(1000), Decimal(999))
    assert is_refund_of(payment(), Decimal(1000), Decimal("1000.0"))


@pytest.mark.parametrize(
    "fields",
    [
        {"pg_provider": "paypal_v2"},
        {"pg_provider": "smartro_v2", "pay_method": "vbank"},
        {"pg_provider": "daou", "pay_method": "vbank"},
    ],
)
def test_refund_that_may_be_pending_leaves_no_clear_trace(
    fields: dict[str, Any],
) -> None:
    before = payment(**fields)
    wanted = refund(before, key="R-1")
    made = payment(15000, refunded(1000, "r [key:R-1]"), **fields)
    changed = payment(15000, refunded(500, "other"), **fields)

    assert trace(wanted, before, [LOST]) is Trace.UNCLEAR
    assert trace(wanted, changed, [LOST]) is Trace.UNCLEAR
    assert trace(wanted, made, [LOST]) is Trace.MADE
    assert trace(wanted, before, [ACCEPTED]) is Trace.ABSENT
    assert trace(wanted, before, [REFUSED]) is Trace.ABSENT


@pytest.mark.parametrize(
    "fields", [{"pay_method": "vbank"}, {"pg_provider": "smartro_v2"}, {"pg_provider": None}]
)
def test_other_refund_without_a_trace_is_absent(fields: dict[str, Any]) -> None:
    before = payment(**fields)

    assert trace(refund(before), before, [LOST]) is Trace.ABSENT


# What is done next: all cases


class Case(NamedTuple):
    answers: Sequence[Answer]
    found: Trace
    empty_looks: int
    age: float
    has_time: bool

    def action(self) -> Action:
        answers, found, empty_looks, age, has_time = self
        return decide(answers, found, empty_looks=empty_looks, age=age, has_time=has_time)


def cases() -> Iterator[Case]:
    answers = [
        each for number in range(1, 6) for each in combinations_with_replacement(Answer, number)
    ]
    for values in product(answers, Trace, range(4), (0.0, 4.9, 5.0, 100.0), (True, False)):
        yield Case(*values)


ENDS = {Action.RETURN, Action.PENDING, Action.REFUSE, Action.UNKNOWN}


def test_refund_in_the_history_is_always_a_success() -> None:
    for case in cases():
        assert (case.action() is Action.RETURN) == (case.found is Trace.MADE)


def test_request_is_repeated_only_without_an_answer_and_without_a_trace() -> None:
    repeated = [case for case in cases() if case.action() is Action.SEND]

    assert repeated
    for case in repeated:
        assert set(case.answers) == {LOST}
        assert len(case.answers) <= 3
        assert case.found is Trace.ABSENT
        assert case.empty_looks >= 2
        assert case.age >= 5
        assert case.has_time


def test_outcome_is_unknown_only_where_an_answer_and_a_look_up_failed() -> None:
    unknown = [case for case in cases() if case.action() is Action.UNKNOWN]

    assert unknown
    for case in unknown:
        assert LOST in case.answers
        assert ACCEPTED not in case.answers
        assert case.found is Trace.UNCLEAR
        assert not case.has_time


def test_accepted_refund_is_never_refused_or_unknown() -> None:
    for case in cases():
        if ACCEPTED in case.answers:
            assert case.action() in {Action.RETURN, Action.PENDING, Action.WAIT}
            assert case.action() is not Action.WAIT or case.found is Trace.UNCLEAR


def test_each_case_ends_when_the_time_is_over() -> None:
    for case in cases():
        assert case.has_time or case.action() in ENDS


def test_refund_that_came_too_late_is_refused_at_once() -> None:
    for case in cases():
        if case.found is Trace.OVERTAKEN and ACCEPTED not in case.answers:
            assert case.action() is Action.REFUSE


def test_refusal_ends_after_one_look_up_unless_an_answer_was_lost() -> None:
    for case in cases():
        if set(case.answers) == {REFUSED} and case.found is Trace.ABSENT:
            assert case.action() is Action.REFUSE


# Any server, any faults


class Server:
    """One payment, which the server refunds while the checksum is its balance."""

    def __init__(self, before: Payment) -> None:
        self.payment = before
        self.own = 0
        self._number = 10

    def book(self, amount: Decimal, reason: str) -> None:
        self._number += 1
        entry = Cancellation(
            amount=amount, reason=reason, cancelled_at=NOON, cancellation_id=f"c{self._number}"
        )
        now = self.payment
        self.payment = replace(
            now,
            cancel_amount=now.cancel_amount + amount,
            cancel_history=(*now.cancel_history, entry),
        )

    def process(self, wanted: Refund) -> bool:
        if self.payment.balance != wanted.checksum or wanted.amount > self.payment.balance:
            return False
        self.own += 1
        self.book(wanted.amount, wanted.reason)
        return True


deliveries = st.sampled_from(["answered", "twice", "lost", "never", "late", "refused"])
disturbances = st.sampled_from([0, 0, 0, 0, 500, 1000])


@given(data=st.data(), amount=st.sampled_from([1, 1000, 15000]), looks=st.integers(1, 12))
def test_refund_with_a_key_is_made_once_and_reported_as_it_is(
    data: st.DataObject, amount: int, looks: int
) -> None:
    server = Server(payment(15000, OLD) if amount < 13000 else payment())
    wanted = refund(server.payment, amount, "R-1")
    answers: list[Answer] = []
    late = 0
    empty_looks = 0

    def happen() -> None:
        """Let others act, and requests arrive late."""
        nonlocal late
        if late and data.draw(st.booleans(), label="late request arrives"):
            late -= 1
            server.process(wanted)
        other = data.draw(disturbances, label="refund of another")
        if 0 < other <= server.payment.balance:
            server.book(Decimal(other), "r [key:R-10]")

    def send() -> Trace:
        nonlocal late
        happen()
        delivery = data.draw(deliveries, label="delivery")
        is_made = delivery in {"answered", "twice", "lost"} and server.process(wanted)
        if delivery == "twice":
            server.process(wanted)
        late += delivery == "late"
        if delivery in {"lost", "never", "late"}:
            answers.append(LOST)
            return Trace.UNCLEAR
        answers.append(ACCEPTED if is_made else REFUSED)
        return trace(wanted, server.payment, answers) if is_made else Trace.UNCLEAR

    found = send()
    action = Action.RETURN if found is Trace.MADE else Action.WAIT
    while action in {Action.WAIT, Action.SEND}:
        if action is Action.SEND:
            empty_looks, found = 0, send()
            if found is Trace.MADE:
                action = Action.RETURN
                break
        happen()
        looks -= 1
        is_answered = data.draw(st.booleans(), label="look-up is answered")
        found = trace(wanted, server.payment, answers) if is_answered else Trace.UNCLEAR
        empty_looks += found is Trace.ABSENT
        age = data.draw(st.sampled_from([0, 10]), label="age")
        action = decide(answers, found, empty_looks=empty_looks, age=age, has_time=looks > 0)

    made = server.own
    for _ in range(late):
        server.process(wanted)
    assert server.own <= 1
    if action is Action.RETURN:
        assert made == 1
    if action is Action.REFUSE:
        assert made == 0
    assert action is not Action.PENDING
    if action is Action.UNKNOWN:
        assert LOST in answers
