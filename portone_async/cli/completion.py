"""Completion of commands and options in a shell, by way of shtab."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from typing import Any, NoReturn

__all__ = ("SHELLS", "Completion", "actions")

SHELLS = ("bash", "zsh", "fish", "powershell", "tcsh")

_FILES = ("FILE", "ORDERS")


class Completion(argparse.Action):
    """Print the script that makes a shell complete, and exit."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,  # noqa: ARG002 (what argparse passes)
        values: str | Sequence[Any] | None,
        option_string: str | None = None,  # noqa: ARG002 (the same)
    ) -> NoReturn:
        import shtab  # noqa: PLC0415 (only for those who want it)

        for action in actions(parser):
            if action.metavar in _FILES:
                setattr(action, "complete", shtab.FILE)  # noqa: B010 (shtab's own way)
        sys.stdout.write(f"{shtab.complete(parser, shell=str(values))}\n")
        parser.exit()


def actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """Give the arguments of a parser and of its commands."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            # An alias would come twice, which does no harm.
            for command in action.choices.values():  # pyright: ignore[reportUnknownVariableType, reportUnknownMemberType] (a parser)
                yield from actions(command)  # pyright: ignore[reportUnknownArgumentType] (a parser)
