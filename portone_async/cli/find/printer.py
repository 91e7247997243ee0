"""Print the outcomes of look-ups, their errors and advice, and find the exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence

from portone_async._worded import Worded
from portone_async.cli.advice import hint
from portone_async.cli.exit_codes import ExitCode
from portone_async.cli.streams import print_error
from portone_async.errors import InvalidRequestError

from .outcome import Outcome

__all__ = ("OutcomePrinter",)


class OutcomePrinter:
    """Prints outcomes in groups, and keeps no more than one group in memory.

    Args:
        print_group: Prints a group to stdout.
        group_size: The number of outcomes of a group.
    """

    def __init__(
        self, print_group: Callable[[Sequence[Outcome]], None], *, group_size: int
    ) -> None:
        self._print_group = print_group
        self._group_size = group_size
        self._group: list[Outcome] = []
        self._exit_codes: set[ExitCode] = set()
        # A dict keeps their order. There are few, however many outcomes there are.
        self._advice: dict[str, None] = {}

    def add(self, outcome: Outcome) -> None:
        """Add the next outcome, and print its group if that is complete."""
        self._exit_codes.add(outcome.exit_code)
        self._advice[outcome.advice] = None
        self._group.append(outcome)
        if len(self._group) == self._group_size:
            self._flush()

    def finish(self) -> ExitCode:
        """Print the rest and the advice, and return the exit code.

        Raises:
            InvalidRequestError: There were no outcomes.
        """
        if not self._exit_codes:
            raise InvalidRequestError(Worded("there are no order numbers on stdin"))
        if self._group:
            self._flush()
        for advice in filter(None, self._advice):
            print_error(hint(advice))
        return max(self._exit_codes)

    def _flush(self) -> None:
        self._print_group(self._group)
        sys.stdout.flush()
        for outcome in self._group:
            if outcome.error is not None:
                print_error(outcome.error_line)
        self._group = []
