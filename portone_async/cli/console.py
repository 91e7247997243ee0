"""The terminal, by way of rich. Only what shows something imports this."""

from __future__ import annotations

from shutil import get_terminal_size

from rich.console import Console

__all__ = ("make_console",)

_NARROWEST, _WIDEST = 20, 10_000


class _Console(Console):
    def on_broken_pipe(self) -> None:
        # rich would exit with 1, which has a meaning of its own here.
        raise  # noqa: PLE0704 (rich calls this while it handles the BrokenPipeError)


def make_console(*, pipe_width: int | None = None) -> Console:
    """A console on stdout that takes text as it is: no markup, no emoji codes, no guessed colours.

    Args:
        pipe_width: Columns where stdout is no terminal; ``None`` for rich's own choice.
    """
    console = _Console(markup=False, emoji=False, highlight=False)
    if pipe_width is not None and not console.is_terminal:
        console.width = pipe_width
    elif not _NARROWEST <= console.width <= _WIDEST:
        # COLUMNS=0 is what some shells and CI systems set: rich takes it at its word, and shows
        # nothing at all.
        console.width = min(max(get_terminal_size().columns, _NARROWEST), _WIDEST)
    return console
