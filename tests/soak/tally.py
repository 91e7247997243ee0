"""What came of the calls, in little memory however many they are."""

from __future__ import annotations

from collections import Counter
from math import ceil, exp, log

__all__ = ("Durations", "Tally")

_SHORTEST = 1e-4
_STEP = 1.05
_MOST_TOLD = 20


class Durations:
    """How long calls took, in steps of five per cent: a list of all would be a leak."""

    def __init__(self) -> None:
        self._steps: Counter[int] = Counter()

    def add(self, seconds: float) -> None:
        self._steps[ceil(log(max(seconds, _SHORTEST) / _SHORTEST) / log(_STEP))] += 1

    def quantile(self, share: float) -> float:
        """Seconds within which this share of the calls was over, at most 5 % too many."""
        left = ceil(share * self._steps.total())
        for step in sorted(self._steps):
            left -= self._steps[step]
            if left <= 0:
                return _SHORTEST * exp(step * log(_STEP))
        return 0.0


class Tally:
    """The figures of a run."""

    def __init__(self) -> None:
        self.calls = 0
        self.answers = 0
        self.failed: Counter[str] = Counter()
        """Typed failures that the weather explains, by class; of a stream, each that is in it."""
        self.cancelled = 0
        self.timed_out = 0
        self.faults: Counter[str] = Counter()
        """What must not be, by kind."""
        self.offences: list[str] = []
        """The first of them, with the call."""
        self.durations = Durations()
        self.starts = 0
        """How often the server was started."""

    def blame(self, kind: str, what: str) -> None:
        """Note something that must not be."""
        self.faults[kind] += 1
        if len(self.offences) < _MOST_TOLD:
            self.offences.append(f"{kind}: {what}")
