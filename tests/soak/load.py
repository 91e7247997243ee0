"""Concurrent tasks that make calls, cancel some, close clients, and check every result."""

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

from .lookups import Find, Lookup, random_lookup
from .oracle import Oracle, State
from .tally import Tally

__all__ = ("ClientSlot", "Load")

# Seconds. No call lasts so long: it ends within its deadline and its wait for a permit.
HUNG = 60.0
# Errors that the injected faults explain; each means that the result is unknown. Any other
# (AuthenticationError, CertificateError, a bare ApiError ...) has no cause here.
_EXPLAINED = (TransientError, UnexpectedResponseError, UnauthorizedError)
_CANCELLED = 0.01
_TIMED_OUT = 0.04


class ClientSlot:
    """Holds one client at a time, which may be closed and replaced."""

    def __init__(self, make: Callable[[], PortOneClient]) -> None:
        self._make = make
        self.client = make()

    async def replace(self) -> None:
        """Take a new client, and close the old one while calls still use it."""
        old, self.client = self.client, self._make()
        await old.close()

    def view(self, draw: Random) -> PortOneClient:
        """Return the client, or a view of it with other options."""
        match draw.randrange(6):
            case 0:
                return self.client.with_options(retry=RetryPolicy(attempts=1))
            case 1:
                return self.client.with_options(timeouts=Timeouts(total=2.0, attempt=0.4))
            case 2:
                return self.client.with_options(tier=None)
            case _:
                return self.client


class Load:
    """The calls of all tasks, and the checks of their results."""

    def __init__(self, oracle: Oracle, slots: list[ClientSlot], tally: Tally) -> None:
        self._oracle = oracle
        self._slots = slots
        self._tally = tally
        self.is_over = False

    async def work(self, number: int) -> None:
        """Make one call after another until ``is_over``."""
        draw = Random(f"{self._oracle.seed}/load/{number}")
        while not self.is_over:
            await self.make(random_lookup(self._oracle, draw, monotonic()), draw)

    async def make(self, lookup: Lookup, draw: Random) -> None:
        """Make one call, maybe cancel it or let it time out, and check its result."""
        slot = draw.choice(self._slots)
        client, view = slot.client, slot.view(draw)
        is_to_be_cancelled = draw.random() < _CANCELLED
        is_short = draw.random() < _TIMED_OUT
        bound = draw.uniform(0.0, 1.0) if is_short else HUNG
        tally = self._tally
        tally.calls += 1
        since = monotonic()
        call = asyncio.create_task(lookup.send(view.payments))
        scope = asyncio.timeout(bound)
        if is_to_be_cancelled:
            asyncio.get_running_loop().call_later(draw.uniform(0.0, 0.5), call.cancel)
        try:
            async with scope:
                answer = await call
        except PortOneError as error:
            self._fail(lookup, error, was_closed=client is not slot.client)
        except TimeoutError as error:
            if not scope.expired():
                tally.add_violation("untyped", f"{lookup!r}: {error!r}")
            elif is_short:
                tally.timed_out += 1
            else:
                tally.add_violation("hung", f"{lookup!r} for {HUNG:g} s")
        except asyncio.CancelledError:
            if not call.cancelled() or _is_cancelled_itself():
                raise
            tally.cancelled += 1
            if not is_to_be_cancelled:
                tally.add_violation("cancelled without a cancel()", f"{lookup!r}")
        except Exception as error:  # noqa: BLE001 (any other error is a violation)
            tally.add_violation("untyped", f"{lookup!r}: {error!r}")
        else:
            tally.answers += 1
            self._check(lookup, answer, since)
        tally.durations.add(monotonic() - since)

    def _check(self, lookup: Lookup, answer: Any, since: float) -> None:
        until = monotonic()

        def states(n: int) -> list[State]:
            return self._oracle.states(n, since, until)

        if isinstance(answer, list):
            for result in answer:  # pyright: ignore[reportUnknownVariableType] (of any lookup)
                if isinstance(result, Failed):
                    self._fail(lookup, result.error, was_closed=False)
        kind = lookup.fault(answer, states)
        if kind is not None:
            self._tally.add_violation(kind, f"{lookup!r} got {answer!r}")

    def _fail(self, lookup: Lookup, error: PortOneError, *, was_closed: bool) -> None:
        is_explained = isinstance(error, _EXPLAINED) or (
            isinstance(error, ClientClosedError) and was_closed
        )
        if is_explained:
            self._tally.failed[type(error).__name__] += 1
        else:
            self._tally.add_violation("unexplained", f"{lookup!r}: {error!r}")

    async def recover(self, number: int, seconds: float) -> None:
        """Check that after the faults the surviving clients return every result again."""
        for i, slot in enumerate(self._slots):
            try:
                async with asyncio.timeout(seconds), asyncio.TaskGroup() as group:
                    for n in range(min(number, self._oracle.orders)):
                        group.create_task(self._until_answered(slot.client, n))
            except TimeoutError:
                self._tally.add_violation(
                    "no recovery", f"client {i} returns no results after the faults"
                )

    async def _until_answered(self, client: PortOneClient, n: int) -> None:
        lookup = Find(n, self._oracle.merchant_uid(n), None)
        while True:
            since = monotonic()
            try:
                answer = await lookup.send(client.payments)
            except TransientError:
                continue  # Old connections may still break.
            except Exception as error:  # noqa: BLE001 (no error is expected now)
                self._tally.add_violation("no recovery", f"{lookup!r}: {error!r}")
            else:
                self._check(lookup, answer, since)
            return


def _is_cancelled_itself() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
