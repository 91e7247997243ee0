"""The progress of work, while it goes on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task
from rich.text import Text

from .pace import Pace, duration

__all__ = ("Bar",)


class Bar:
    """A bar and a line of counts below it, on a terminal; nothing anywhere else.

    Args:
        console: Where it is shown.
        line: Gives the counts as they are.
        speed: A format for what is done in a second, with its unit.
        has_time_left: Whether the time that is left is shown.
        total: What there is to be done; ``None`` while that is not known.
        completed: What of it an earlier run has done.
    """

    def __init__(
        self,
        console: Console,
        line: Callable[[], Text],
        speed: str,
        *,
        has_time_left: bool = False,
        total: int | None,
        completed: int = 0,
    ) -> None:
        # In a pipe it would leave an empty line.
        self._is_shown = console.is_terminal
        self._pace = Pace()
        self._progress = _Progress(
            BarColumn(bar_width=None, complete_style="green", finished_style="green"),
            MofNCompleteColumn(),
            _Speed(self._pace, speed),
            *([_TimeLeft(self._pace)] if has_time_left else []),
            console=console,
            transient=True,
            expand=True,
        )
        self._progress.line = line
        self._task = self._progress.add_task("", total=total, completed=completed)

    def advance(self) -> None:
        """Count one more as done."""
        self._pace.advance()
        self._progress.advance(self._task)

    def expect(self, total: int) -> None:
        """Set what there is to be done."""
        self._progress.update(self._task, total=total)

    def __enter__(self) -> Self:
        if self._is_shown:
            self._progress.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._is_shown:
            self._progress.stop()


class _Progress(Progress):
    line: Callable[[], Text] | None = None

    def get_renderables(self) -> Iterable[RenderableType]:
        yield self.make_tasks_table(self.tasks)
        # rich asks once before there is one.
        if self.line is not None:
            yield self.line()


class _Speed(ProgressColumn):
    # rich's own speed counts a thousand that are settled at once as if it were to go on like
    # that, and stays as it is while nothing moves.
    def __init__(self, pace: Pace, form: str) -> None:
        super().__init__()
        self._pace = pace
        self._form = form

    def render(self, task: Task) -> Text:  # noqa: ARG002 (what rich passes)
        return Text(self._form.format(self._pace.rate()), "dim")


class _TimeLeft(ProgressColumn):
    def __init__(self, pace: Pace) -> None:
        super().__init__()
        self._pace = pace

    def render(self, task: Task) -> Text:
        left = None if task.remaining is None else self._pace.seconds_left(task.remaining)
        return Text(duration(left), "cyan")
