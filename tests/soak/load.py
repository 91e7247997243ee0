"""Fifty tasks that ask, are cancelled and lose their client, and look at every answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from random import Random
from time import monotonic
from typing import Any

from portone_async import (
    ClientClosedError,
    Failed,
    PortOneClient,
    PortOneError,
    RetryPolicy,
    Timeouts,
    TransientError,
    UnauthorizedError,
    UnexpectedResponseError,
)

from .questions import Find, Question, drawn
from .tally import Tally
from .truth import State, Truth

__all__ = ("Load", "Till")

# Seconds. A call ends within its deadline and its wait for a permit; so long, none is on its way.
HUNG = 60.0
# What may be said in such weather; all of it says that nothing is known about the payment.
# Anything else (AuthenticationError, CertificateError, a bare ApiError ...) has no cause here.
_EXPLAINED = (TransientError, UnexpectedResponseError, UnauthorizedError)
_CANCELLED = 0.01
_TIMED_OUT = 0.04


class Till:
    """A place with one client at a time, closed and replaced now and then."""

    def __init__(self, make: Callable[[], PortOneClient]) -> None:
        self._make = make
        self.client = make()

    async def replace(self) -> None:
        """Take a new client, and close the old one under the hands of those who use it."""
        old, self.client = self.client, self._make()
        await old.close()

    def view(self, draw: Random) -> PortOneClient:
        """The client, or a view of it with other habits."""
        match draw.randrange(6):
            case 0:
                return self.client.with_options(retry=RetryPolicy(attempts=1))
            case 1:
                return self.client.with_options(timeouts=Timeouts(total=2.0, attempt=0.4))
            case 2:
                return self.client.with_options(tier="ABC")
            case _:
                return self.client


class Load:
    """What the tasks have in common."""

    def __init__(self, truth: Truth, tills: list[Till], tally: Tally) -> None:
        self._truth = truth
        self._tills = tills
        self._tally = tally
        self.is_over = False

    async def work(self, number: int) -> None:
        """Ask one question after the other, until it is over."""
        draw = Random(f"{self._truth.seed}/load/{number}")
        while not self.is_over:
            await self.ask(drawn(self._truth, draw, monotonic()), draw)

    async def ask(self, question: Question, draw: Random) -> None:
        """Make one call, which may be cancelled or run out of time, and judge what comes of it."""
        till = draw.choice(self._tills)
        client, view = till.client, till.view(draw)
        is_to_be_cancelled = draw.random() < _CANCELLED
        is_short = draw.random() < _TIMED_OUT
        bound = draw.uniform(0.0, 1.0) if is_short else HUNG
        tally = self._tally
        tally.calls += 1
        since = monotonic()
        call = asyncio.create_task(question.ask(view.payments))
        scope = asyncio.timeout(bound)
        if is_to_be_cancelled:
            asyncio.get_running_loop().call_later(draw.uniform(0.0, 0.5), call.cancel)
        try:
            async with scope:
                answer = await call
        except PortOneError as error:
            self._fail(question, error, was_closed=client is not till.client)
        except TimeoutError as error:
            if not scope.expired():
                tally.blame("untyped", f"{question!r}: {error!r}")
            elif is_short:
                tally.timed_out += 1
            else:
                tally.blame("hung", f"{question!r} for {HUNG:g} s")
        except asyncio.CancelledError:
            if not call.cancelled() or _is_cancelled_itself():
                raise
            tally.cancelled += 1
            if not is_to_be_cancelled:
                tally.blame("cancelled unasked", f"{question!r}")
        except Exception as error:  # noqa: BLE001 (whatever comes is what is looked for)
            tally.blame("untyped", f"{question!r}: {error!r}")
        else:
            tally.answers += 1
            self._judge(question, answer, since)
        tally.durations.add(monotonic() - since)

    def _judge(self, question: Question, answer: Any, since: float) -> None:
        until = monotonic()

        def states(n: int) -> list[State]:
            return self._truth.states(n, since, until)

        if isinstance(answer, list):
            for each in answer:  # pyright: ignore[reportUnknownVariableType] (of any question)
                if isinstance(each, Failed):
                    self._fail(question, each.error, was_closed=False)
        kind = question.fault(answer, states)
        if kind is not None:
            self._tally.blame(kind, f"{question!r} got {answer!r}")

    def _fail(self, question: Question, error: PortOneError, *, was_closed: bool) -> None:
        is_explained = isinstance(error, _EXPLAINED) or (
            isinstance(error, ClientClosedError) and was_closed
        )
        if is_explained:
            self._tally.failed[type(error).__name__] += 1
        else:
            self._tally.blame("unexplained", f"{question!r}: {error!r}")

    async def recover(self, number: int, seconds: float) -> None:
        """In fair weather, with the clients that went through it all: everything is answered."""
        for i, till in enumerate(self._tills):
            try:
                async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                    for n in range(min(number, self._truth.orders)):
                        group.create_task(self._until_answered(till.client, n))
            except TimeoutError:
                self._tally.blame("no recovery", f"client {i} is without answers after the storm")

    async def _until_answered(self, client: PortOneClient, n: int) -> None:
        question = Find(n, self._truth.merchant_uid(n), None)
        while True:
            since = monotonic()
            try:
                answer = await question.ask(client.payments)
            except TransientError:
                continue  # What is left of old connections may still break.
            except Exception as error:  # noqa: BLE001 (nothing has a cause now)
                self._tally.blame("no recovery", f"{question!r}: {error!r}")
            else:
                self._judge(question, answer, since)
            return


def _is_cancelled_itself() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
