"""The rich console of the commands. Only commands that print tables or progress import rich."""

from __future__ import annotations

from shutil import get_terminal_size

from rich.console import Console

__all__ = ("make_console", "print_sentence")

_NARROWEST, _WIDEST = 20, 10_000


class _Console(Console):
    def on_broken_pipe(self) -> None:
        # rich would exit with 1, which means NO_MATCH here.
        raise  # noqa: PLE0704 (rich calls this while it handles the BrokenPipeError)


def make_console(*, pipe_width: int | None = None) -> Console:
    """Make a console on stdout that does not interpret text: no markup, emoji codes or highlights.

    Args:
        pipe_width: Columns if stdout is not a terminal; ``None`` for rich's own choice.
    """
    console = _Console(markup=False, emoji=False, highlight=False)
    if pipe_width is not None and not console.is_terminal:
        console.width = pipe_width
    elif not _NARROWEST <= console.width <= _WIDEST:
        # Some shells and CI systems set COLUMNS=0, with which rich prints nothing at all.
        console.width = min(max(get_terminal_size().columns, _NARROWEST), _WIDEST)
    return console


def print_sentence(console: Console, text: str) -> None:
    """Print text that a terminal wraps between words, and that stays one line in a pipe."""
    console.print(text, soft_wrap=not console.is_terminal, markup=False, highlight=False)
