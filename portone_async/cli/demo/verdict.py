"""Whether the answers are right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from portone_async.cli.outcome import Outcome

from .stage import Scene

__all__ = ("Verdict",)


class Verdict:
    """Each look-up is one of: found, not found, failed, wrong."""

    def __init__(self, scenes: Sequence[Scene], outcomes: Sequence[Outcome]) -> None:
        self.found = 0
        """The very payment that the server holds."""
        self.missing = 0
        """Said to be missing, and not there."""
        self.failed: Counter[tuple[str, str]] = Counter()
        """By the error's class and its reason: nothing is known about these."""
        self.unscripted = 0
        """Failed ones that nothing was scripted to make fail."""
        self.wrong = 0
        """Another payment, or "missing" for one that is there."""
        for scene, outcome in zip(scenes, outcomes, strict=True):
            self._judge(scene, outcome)

    @property
    def is_good(self) -> bool:
        return not self.wrong and not self.unscripted

    def _judge(self, scene: Scene, outcome: Outcome) -> None:
        error = outcome.error
        if error is not None and not outcome.is_missing:
            self.failed[type(error).__name__, error.reason] += 1
            self.unscripted += type(error) is not scene.fails_with
        elif outcome.payment != scene.payment:
            self.wrong += 1
        elif outcome.is_missing:
            self.missing += 1
        else:
            self.found += 1
