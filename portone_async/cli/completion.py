"""Shell completion of commands and options, by shtab."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

__all__ = ("SHELLS", "Completion", "all_actions")

SHELLS = ("bash", "zsh", "fish", "powershell", "tcsh")

_FILE_METAVARS = ("FILE", "ORDERS")


class Completion(argparse.Action):
    """Print the completion script of a shell, and exit."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,  # noqa: ARG002 (argparse passes it)
        values: str | Sequence[Any] | None,
        option_string: str | None = None,  # noqa: ARG002 (argparse passes it)
    ) -> NoReturn:
        import shtab  # noqa: PLC0415 (of the extra cli)

        for action in all_actions(parser):
            if action.metavar in _FILE_METAVARS:
                setattr(action, "complete", shtab.FILE)  # noqa: B010 (shtab reads this attribute)
        sys.stdout.write(f"{shtab.complete(parser, shell=str(values))}\n")
        parser.exit()


def all_actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Yield the arguments of a parser and of its subparsers."""
    # argparse has no public list of either.
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType] (a parser)
                yield from all_actions(command)  # pyright: ignore[reportUnknownArgumentType] (a parser)
