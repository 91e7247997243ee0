"""Hypothesis state machines whose steps run in one event loop with virtual time."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from hypothesis import Phase, settings
from hypothesis.stateful import RuleBasedStateMachine, invariant, run_state_machine_as_test

from .scripted import Outcome, ScriptedTransport
from .virtual_time import VirtualLoop

T = TypeVar("T")

TICK = 0.001
"""Seconds that suffice for anything immediate: a turn of the virtual loop takes a microsecond."""


def check(machine: type[RuleBasedStateMachine], steps: int = 25) -> None:
    """Search for a sequence of steps after which the machine and its model differ."""
    # Not explained: for that, Python 3.11 would trace each line of each step.
    phases = [phase for phase in settings().phases if phase is not Phase.explain]
    run_state_machine_as_test(machine, settings=settings(stateful_step_count=steps, phases=phases))


class VirtualMachine(RuleBasedStateMachine):
    """A state machine whose tasks persist between steps, and run only while a step waits."""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner(debug=False, loop_factory=VirtualLoop)
        self.loop = self._runner.get_loop()
        self.loop.set_exception_handler(lambda _, context: self.blame(str(context)))
        self.broken: list[str] = []
        """Violations of the model. Collected, because the code under test would handle an exception."""

    @property
    def now(self) -> float:
        return self.loop.time()

    def blame(self, sentence: str) -> None:
        self.broken.append(sentence)

    def run_loop(self, main: Coroutine[Any, Any, T]) -> T:
        """Run the loop until ``main`` is done."""
        return self._runner.run(main)

    def wait(self, seconds: float = TICK) -> None:
        """Run the loop for some time."""
        self.run_loop(asyncio.sleep(seconds))

    def stall(self, seconds: float) -> None:
        """Advance the clock while the loop runs nothing."""
        assert isinstance(self.loop, VirtualLoop)
        self.loop.stall(seconds)

    @invariant()
    def _nothing_is_broken(self) -> None:
        assert not self.broken, self.broken[0]

    def finish(self) -> None:
        """Check what must hold after any sequence of steps."""

    def teardown(self) -> None:
        try:
            if not self.broken:
                self.finish()
                self._nothing_is_broken()
        finally:
            self._runner.close()


class Meter:
    """A leaky bucket that holds ``burst``, leaks ``rate`` a second, and must not overflow.

    Equivalent: no T seconds see more than ``rate * T + burst``.
    """

    def __init__(self, rate: float, burst: int) -> None:
        self.rate = rate
        self.burst = burst
        self._level = 0.0
        self._at = 0.0

    def add(self, now: float) -> bool:
        """Add a permit; return whether it fits."""
        self._level = max(0.0, self._level - self.rate * (now - self._at)) + 1
        self._at = now
        return self._level <= self.burst + self.rate * TICK / 10

    def hold_up(self, seconds: float) -> None:
        """Stop the leak for some seconds."""
        self._at += seconds

    @property
    def has_room_at(self) -> float:
        """The time at which another permit fits."""
        return self._at + max(0.0, self._level + 1 - self.burst) / self.rate


def watch(transport: ScriptedTransport, ended: Callable[[int, Outcome | None], None]) -> None:
    """Call ``ended`` with the index in ``transport.sent`` and the outcome of each exchange.

    The outcome is ``None`` if the exchange was cancelled.
    """
    send = transport.send

    async def watched(*args: Any, **options: Any) -> Outcome:
        place = len(transport.sent)
        outcome: Outcome | None = None
        try:
            outcome = await send(*args, **options)
            return outcome
        finally:
            ended(place, outcome)

    transport.send = watched  # type: ignore[method-assign]  # of this one transport
