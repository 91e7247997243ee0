"""Answers in the order given: printed, counted, and complained about."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from gettext import gettext as _

from portone_async.errors import InvalidRequestError

from .exit_codes import ExitCode
from .outcome import Outcome
from .streams import complain

__all__ = ("Answers",)


class Answers:
    """Print outcomes in groups, and hold no more than a group of them.

    Args:
        show: Prints a group to stdout.
        at_once: The outcomes of a group.
    """

    def __init__(self, show: Callable[[Sequence[Outcome]], None], *, at_once: int) -> None:
        self._show = show
        self._at_once = at_once
        self._group: list[Outcome] = []
        self._codes: set[ExitCode] = set()
        # A dict for its order; there are a few advices, whatever the number of outcomes.
        self._advices: dict[str, None] = {}

    def add(self, outcome: Outcome) -> None:
        """Add the next outcome; print its group when that is full."""
        self._codes.add(outcome.exit_code)
        self._advices[outcome.advice] = None
        self._group.append(outcome)
        if len(self._group) == self._at_once:
            self._print()

    def end(self) -> ExitCode:
        """Print the rest and the advice, and give the exit code.

        Raises:
            InvalidRequestError: There was no outcome at all.
        """
        if not self._codes:
            raise InvalidRequestError(_("there are no order numbers on stdin"))
        if self._group:
            self._print()
        for advice in filter(None, self._advices):
            complain(_("hint: {advice}").format(advice=advice))
        return max(self._codes)

    def _print(self) -> None:
        self._show(self._group)
        sys.stdout.flush()
        for outcome in self._group:
            if outcome.error is not None:
                complain(outcome.complaint)
        self._group = []
