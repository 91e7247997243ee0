"""Counts of outcomes and durations, in constant memory."""

from __future__ import annotations

from collections import Counter
from math import ceil, exp, log

__all__ = ("Durations", "Tally")

_SHORTEST = 1e-4
_STEP = 1.05
_MAX_EXAMPLES = 20


class Durations:
    """A histogram of durations, in steps of five percent: a list would grow."""

    def __init__(self) -> None:
        self._steps: Counter[int] = Counter()

    def add(self, seconds: float) -> None:
        self._steps[ceil(log(max(seconds, _SHORTEST) / _SHORTEST) / log(_STEP))] += 1

    def quantile(self, share: float) -> float:
        """Return the seconds within which this share of calls ended, at most 5 % too long."""
        left = ceil(share * self._steps.total())
        for step in sorted(self._steps):
            left -= self._steps[step]
            if left <= 0:
                return _SHORTEST * exp(step * log(_STEP))
        return 0.0


class Tally:
    """The outcomes of a run."""

    def __init__(self) -> None:
        self.calls = 0
        self.answers = 0
        self.failed: Counter[str] = Counter()
        """Errors that the injected faults explain, by class; in a stream, each failed result."""
        self.cancelled = 0
        self.timed_out = 0
        self.violations: Counter[str] = Counter()
        """Results and events that must not happen, by kind."""
        self.examples: list[str] = []
        """The first violations, with their calls."""
        self.durations = Durations()
        self.starts = 0
        """Starts of the server."""

    def add_violation(self, kind: str, text: str) -> None:
        """Count a violation, and store it among the examples if there is room."""
        self.violations[kind] += 1
        if len(self.examples) < _MAX_EXAMPLES:
            self.examples.append(f"{kind}: {text}")
