"""A progress bar with a line of counters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task
from rich.text import Text

from .pace import Pace, format_duration

__all__ = ("Bar",)


class Bar:
    """A progress bar above a line of counters. It is printed to a terminal only, not to a pipe.

    Args:
        console: Where to print.
        line: Returns the current counters.
        rate_format: Formats the work done per second, with its unit.
        has_time_left: Whether to print the time left.
        total: All of the work; ``None`` if it is unknown yet.
        completed: The part of it that an earlier run has done.
    """

    def __init__(
        self,
        console: Console,
        line: Callable[[], Text],
        rate_format: str,
        *,
        has_time_left: bool = False,
        total: int | None,
        completed: int = 0,
    ) -> None:
        # In a pipe, rich would leave an empty line.
        self.is_printed = console.is_terminal
        """Whether the bar is printed: a pipe needs no count of the work."""
        self._completed = completed
        self._pace = Pace()
        self._progress = _Progress(
            BarColumn(bar_width=None, complete_style="green", finished_style="green"),
            MofNCompleteColumn(),
            _RateColumn(self._pace, rate_format),
            *([_TimeLeftColumn(self._pace)] if has_time_left else []),
            line=line,
            completed=lambda: self._completed,
            console=console,
            transient=True,
            expand=True,
        )
        self._task = self._progress.add_task("", total=total, completed=completed)

    def advance(self, count: int = 1) -> None:
        """Count units of work as done."""
        self._pace.advance(count)
        self._completed += count

    def set_total(self, total: int) -> None:
        """Set all of the work."""
        self._progress.update(self._task, total=total)

    def __enter__(self) -> Self:
        if self.is_printed:
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self.is_printed:
            self._progress.stop()


class _Progress(Progress):
    """Reads the work done when it is printed: rich takes a lock for each unit that it counts."""

    def __init__(
        self,
        *columns: ProgressColumn,
        line: Callable[[], Text],
        completed: Callable[[], int],
        **options: Any,
    ) -> None:
        self._line = line
        self._completed = completed
        super().__init__(*columns, **options)

    def get_renderables(self) -> Iterable[RenderableType]:
        for task_id in self.task_ids:
            self.update(task_id, completed=self._completed())
        yield self.make_tasks_table(self.tasks)
        yield self._line()


class _RateColumn(ProgressColumn):
    # rich's own rate jumps after a burst of work, and does not fall while nothing moves.
    def __init__(self, pace: Pace, rate_format: str) -> None:
        super().__init__()
        self._pace = pace
        self._format = rate_format

    def render(self, task: Task) -> Text:  # noqa: ARG002 (rich passes it)
        return Text(self._format.format(self._pace.rate()), "dim")


class _TimeLeftColumn(ProgressColumn):
    def __init__(self, pace: Pace) -> None:
        super().__init__()
        self._pace = pace

    def render(self, task: Task) -> Text:
        left = None if task.remaining is None else self._pace.seconds_left(task.remaining)
        return Text(format_duration(left), "cyan")
