"""State machines of hypothesis whose steps are taken in one loop of virtual time."""

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
"""Seconds. What takes no time is done within it: a turn of the virtual loop takes a millionth."""


def check(machine: type[RuleBasedStateMachine], steps: int = 25) -> None:
    """Look for a sequence of steps after which the machine and its model disagree."""
    # Not explained: for that, Python 3.11 would trace each line of each step.
    phases = [phase for phase in settings().phases if phase is not Phase.explain]
    run_state_machine_as_test(machine, settings=settings(stateful_step_count=steps, phases=phases))


class VirtualMachine(RuleBasedStateMachine):
    """Its tasks live from step to step, and run only while a step waits."""

    def __init__(self) -> None:
        super().__init__()
        self._runner = asyncio.Runner(debug=False, loop_factory=VirtualLoop)
        self.loop = self._runner.get_loop()
        self.loop.set_exception_handler(lambda _, context: self.blame(str(context)))
        self.broken: list[str] = []
        """What the model says must not have happened. Noted where it happens: raised there, it
        would be one more failure for the code under test to deal with."""

    @property
    def now(self) -> float:
        return self.loop.time()

    def blame(self, sentence: str) -> None:
        self.broken.append(sentence)

    def played(self, main: Coroutine[Any, Any, T]) -> T:
        """Run the loop until ``main`` is done."""
        return self._runner.run(main)

    def wait(self, seconds: float = TICK) -> None:
        """Let time pass, and whatever happens in it happen."""
        self.played(asyncio.sleep(seconds))

    def stall(self, seconds: float) -> None:
        """Let time pass in which the loop runs nothing at all."""
        clock: Any = self.loop
        clock._clock.now += seconds

    @invariant()
    def _nothing_is_broken(self) -> None:
        assert not self.broken, self.broken[0]

    def finish(self) -> None:
        """What must hold in the end, whatever came before."""

    def teardown(self) -> None:
        try:
            if not self.broken:
                self.finish()
                self._nothing_is_broken()
        finally:
            self._runner.close()


class Meter:
    """A vessel of ``burst`` that leaks ``rate`` a second, and must never run over.

    That it does not is the same as: no T seconds see more than ``rate * T + burst``.
    """

    def __init__(self, rate: float, burst: int) -> None:
        self.rate = rate
        self.burst = burst
        self._level = 0.0
        self._at = 0.0

    def add(self, now: float) -> bool:
        """Put one in; say whether it fits."""
        self._level = max(0.0, self._level - self.rate * (now - self._at)) + 1
        self._at = now
        return self._level <= self.burst + self.rate * TICK / 10

    def hold_up(self, seconds: float) -> None:
        """Let it leak nothing for so long."""
        self._at += seconds

    @property
    def has_room_at(self) -> float:
        """When there is room for one more."""
        return self._at + max(0.0, self._level + 1 - self.burst) / self.rate


def watch(transport: ScriptedTransport, ended: Callable[[int, Outcome | None], None]) -> None:
    """Tell of each exchange when the client has its outcome, ``None`` if it was cancelled.

    It is told of by its place in ``transport.sent``; that it begins, the script knows.
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
