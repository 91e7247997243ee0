"""The calls that the soak makes, and a pure check of each result against the oracle."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from random import Random
from typing import Any, Protocol

from msgspec import Struct

from portone_async import Failed, Found, Group, Missing, Payment, PaymentMismatchError
from portone_async.errors import PaymentNotFoundError, PortOneError
from portone_async.resources.payments import Payments

from .oracle import ExpectedPayment, Oracle, State

__all__ = ("FALSE_MISSING", "WRONG", "Lookup", "random_lookup")

WRONG = "wrong answer"
FALSE_MISSING = "false missing"

Fault = str | None
"""``WRONG``, ``FALSE_MISSING``, or ``None`` for a correct result."""
States = Callable[[int], list[State]]
"""Returns the states that an order had during the call."""


class Lookup(Protocol):
    """One call of the payments API."""

    async def send(self, payments: Payments) -> Any:
        """Make the call. "Not found" is a result; other errors are raised."""
        ...

    def fault(self, answer: Any, states: States) -> Fault:
        """Return what is wrong with a result."""
        ...


class Find(Struct, frozen=True):
    n: int
    uid: str
    status: str | None

    async def send(self, payments: Payments) -> Payment | None:
        try:
            return await payments.find(self.uid, status=self.status)
        except PaymentNotFoundError:
            return None

    def fault(self, answer: Payment | None, states: States) -> Fault:
        return _one(answer, [_first(state, self.status) for state in states(self.n)])


class Get(Struct, frozen=True):
    n: int
    imp_uid: str
    include_sandbox: bool

    async def send(self, payments: Payments) -> Payment | None:
        try:
            return await payments.get(self.imp_uid, include_sandbox=self.include_sandbox)
        except PaymentNotFoundError:
            return None

    def fault(self, answer: Payment | None, states: States) -> Fault:
        return _one(answer, [self._visible(state) for state in states(self.n)])

    def _visible(self, state: State) -> ExpectedPayment | None:
        found = _with_imp_uid(state, self.imp_uid)
        # Only this endpoint hides payments of test channels.
        return next((known for known in found if self.include_sandbox or not known.sandbox), None)


class FindAll(Struct, frozen=True):
    n: int
    uid: str
    page_size: int

    async def send(self, payments: Payments) -> list[Payment]:
        return [payment async for payment in payments.find_all(self.uid, page_size=self.page_size)]

    def fault(self, answer: list[Payment], states: States) -> Fault:
        return _all(answer, states(self.n))


class GetMany(Struct, frozen=True):
    orders: tuple[tuple[int, str], ...]
    imp_uids: tuple[tuple[int, str], ...]

    async def send(self, payments: Payments) -> list[Group]:
        merchant_uids = [uid for _, uid in self.orders]
        async with payments.get_many(merchant_uids, [uid for _, uid in self.imp_uids]) as stream:
            return [group async for group in stream]

    def fault(self, answer: list[Group], states: States) -> Fault:
        expected = [*self.orders, *self.imp_uids]
        if [group.uid for group in answer] != [uid for _, uid in expected]:
            return WRONG
        faults: list[Fault] = []
        for i, (group, (n, uid)) in enumerate(zip(answer, expected, strict=True)):
            known = states(n)
            if i >= len(self.orders):
                known = [_with_imp_uid(state, uid) for state in known]
            faults.append(_all(group.payments, known))
        return _worst(faults)


class FindMany(Struct, frozen=True):
    orders: tuple[tuple[int, str], ...]
    status: str | None
    most: int
    """Results after which to leave the stream."""

    async def send(self, payments: Payments) -> list[Found | Missing | Failed]:
        results: list[Found | Missing | Failed] = []
        uids = [uid for _, uid in self.orders]
        async with payments.find_many(uids, status=self.status) as stream:
            async for result in stream:
                results.append(result)
                if len(results) == self.most:
                    break
        return results

    def fault(self, answer: list[Found | Missing | Failed], states: States) -> Fault:
        left = {uid: n for n, uid in self.orders}
        if len(answer) != min(self.most, len(left)):
            return WRONG
        faults: list[Fault] = []
        for result in answer:
            n = left.pop(result.merchant_uid, None)
            if n is None:
                return WRONG
            if not isinstance(result, Failed):
                payment = result.payment if isinstance(result, Found) else None
                known = [_first(state, self.status) for state in states(n)]
                faults.append(_one(payment, known))
        return _worst(faults)


class Verify(Struct, frozen=True):
    n: int
    uid: str
    amount: int

    async def send(self, payments: Payments) -> Payment | PortOneError:
        try:
            return await payments.verify(self.uid, amount=Decimal(self.amount))
        except (PaymentNotFoundError, PaymentMismatchError) as error:
            return error

    def fault(self, answer: Payment | PortOneError, states: States) -> Fault:
        known = states(self.n)
        good = [self._good(state) for state in known]
        if isinstance(answer, PaymentNotFoundError):
            return None if () in known else FALSE_MISSING
        if isinstance(answer, PaymentMismatchError):
            is_correct = any(state and not paid for state, paid in zip(known, good, strict=True))
            return None if is_correct else WRONG
        assert isinstance(answer, Payment)
        return None if any(paid and paid.matches(answer) for paid in good) else WRONG

    def _good(self, state: State) -> ExpectedPayment | None:
        """Return the payment that passes the verification, if there is one."""
        paid = _first(state, "paid")
        return paid if paid and paid.amount == self.amount and not paid.sandbox else None


def random_lookup(oracle: Oracle, draw: Random, moment: float) -> Lookup:
    """Return any lookup, of an order with or without payments."""
    n = draw.randrange(oracle.orders)
    uid, state = oracle.merchant_uid(n), oracle.state(n, moment)
    status = draw.choice((None, None, "paid", "cancelled", "ready"))
    match draw.randrange(20):
        case 0:
            orders = _some_orders(oracle, draw, 130)
            imp_uids = [(n, known.imp_uid) for n, _ in orders for known in oracle.state(n, moment)]
            return GetMany(orders, tuple(imp_uids[: draw.randrange(12)]))
        case 1:
            orders = _some_orders(oracle, draw, 25)
            most = draw.choice((len(orders), len(orders), draw.randint(1, len(orders))))
            return FindMany(orders, status, most)
        case 2 | 3 | 4:
            return FindAll(n, uid, draw.choice((1, 2, 100)))
        case 5 | 6 | 7:
            amount = _first(state, "paid")
            right = 1000 if amount is None else amount.amount
            return Verify(n, uid, right + draw.choice((0, 0, 0, 1)))
        case 8 | 9 | 10 | 11:
            imp_uid = draw.choice(state).imp_uid if state else f"imp_{n}"
            return Get(n, imp_uid, draw.choice((True, False)))
        case _:
            return Find(n, uid, status)


def _some_orders(oracle: Oracle, draw: Random, most: int) -> tuple[tuple[int, str], ...]:
    numbers = draw.sample(range(oracle.orders), min(oracle.orders, draw.randint(1, most)))
    return tuple((n, oracle.merchant_uid(n)) for n in numbers)


def _first(state: State, status: str | None) -> ExpectedPayment | None:
    return next((known for known in state if status in (None, known.status)), None)


def _with_imp_uid(state: State, imp_uid: str) -> State:
    return tuple(known for known in state if known.imp_uid == imp_uid)


def _one(payment: Payment | None, allowed: Sequence[ExpectedPayment | None]) -> Fault:
    if payment is None:
        return None if None in allowed else FALSE_MISSING
    return None if any(known and known.matches(payment) for known in allowed) else WRONG


def _all(payments: Sequence[Payment], allowed: Sequence[State]) -> Fault:
    for state in allowed:
        if len(state) == len(payments) and all(
            known.matches(payment) for known, payment in zip(state, payments, strict=True)
        ):
            return None
    return WRONG if payments else FALSE_MISSING


def _worst(faults: Sequence[Fault]) -> Fault:
    for kind in (FALSE_MISSING, WRONG):
        if kind in faults:
            return kind
    return None
