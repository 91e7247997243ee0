"""How it goes, while it goes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task
from rich.text import Text

__all__ = ("Bar",)


class Bar:
    """A bar and a line of counts below it, on a terminal; nothing anywhere else.

    Args:
        console: Where it is shown.
        line: Gives the counts as they are.
        speed: A format for what is done in a second, with its unit.
        columns: More of the bar's columns.
        total: What there is to be done; ``None`` while that is not known.
        completed: What of it was done before.
    """

    def __init__(
        self,
        console: Console,
        line: Callable[[], Text],
        speed: str,
        *columns: ProgressColumn,
        total: int | None,
        completed: int = 0,
    ) -> None:
        # In a pipe it would leave an empty line.
        self._is_shown = console.is_terminal
        self._progress = _Progress(
            BarColumn(bar_width=None, complete_style="green", finished_style="green"),
            MofNCompleteColumn(),
            _Speed(speed),
            *columns,
            console=console,
            transient=True,
            expand=True,
        )
        self._progress.line = line
        self._task = self._progress.add_task("", total=total, completed=completed)

    def advance(self) -> None:
        """One more is done."""
        self._progress.advance(self._task)

    def expect(self, total: int) -> None:
        """So much there is to be done."""
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
    def __init__(self, form: str) -> None:
        super().__init__()
        self._form = form

    def render(self, task: Task) -> Text:
        # While it waits for a pause to end there is no speed.
        return Text(self._form.format(task.speed or 0), "dim")
