"""How it goes, while it goes."""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, Task
from rich.text import Text

from .tally import Tally

__all__ = ("LiveView",)


class LiveView:
    """A bar and the counts below it, on a terminal; nothing anywhere else."""

    def __init__(self, console: Console, tally: Tally, orders: int) -> None:
        # In a pipe it would leave an empty line.
        self._is_shown = console.is_terminal
        self._progress = _Progress(console, tally)
        self._task = self._progress.add_task("", total=orders)

    def advance(self) -> None:
        """One more is done."""
        self._progress.advance(self._task)

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
    def __init__(self, console: Console, tally: Tally) -> None:
        self._tally = tally
        super().__init__(
            BarColumn(bar_width=None, complete_style="green", finished_style="green"),
            MofNCompleteColumn(),
            _Speed(),
            console=console,
            transient=True,
            expand=True,
        )

    def get_renderables(self) -> Iterable[RenderableType]:
        yield self.make_tasks_table(self.tasks)
        tally = self._tally
        counts = {
            "sent": tally.sent,
            "retries": tally.retries.total(),
            "token renewals": tally.renewals,
            "pauses": tally.pauses,
        }
        parts = [Text.assemble((f"{name} ", "dim"), str(n)) for name, n in counts.items()]
        yield Text("   ").join(parts)


class _Speed(ProgressColumn):
    def render(self, task: Task) -> Text:
        # While it waits for a pause to end there is no speed.
        return Text(f"{task.speed or 0:5.1f} calls/s", "dim")
