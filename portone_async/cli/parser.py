"""The argument parser of the commands."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from gettext import gettext as _
from typing import TYPE_CHECKING, Any, NoReturn, Protocol

from .cells import wrap
from .escape import escape

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

__all__ = ("Commands", "Parser", "Print", "set_command")


# A URL with a password, or a body.
_SECRETS = re.compile(r"(?<=://)\S+@|[{\[].*[}\]]", re.DOTALL)


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Wraps help by terminal cells."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return wrap(text, width)


class Parser(argparse.ArgumentParser):
    """Prints help as it is written, and error messages escaped and without passwords."""

    def __init__(self, *, prog: str, description: str, epilog: str | None = None) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            formatter_class=_Formatter,
            allow_abbrev=False,
        )

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        # argparse ignores a full disk, and would exit with 0.
        (file or sys.stdout).write(self.format_help())

    def error(self, message: str) -> NoReturn:
        # argparse quotes a value that it does not expect, which may be secret.
        super().error(escape(_SECRETS.sub(_redact, message)))

    def reject(self, arguments: Sequence[str]) -> NoReturn:
        """End with an error about unknown arguments, without the values of unknown options."""
        self.error(_("unrecognized arguments: %s") % " ".join(_without_values(arguments)))


def _redact(secret: re.Match[str]) -> str:
    return "***@" if secret[0].endswith("@") else "***"


def _without_values(arguments: Sequence[str]) -> Iterator[str]:
    is_value = False
    for argument in arguments:
        name, separator, _value = argument.partition("=")
        if argument.startswith("-"):
            yield f"{name}=***" if separator else name
        else:
            yield "***" if is_value else argument
        is_value = argument.startswith("-") and not separator


class Print(argparse.Action):
    """Print ``const`` and exit; argparse's own ``version`` ignores a full disk."""

    def __init__(self, option_strings: Sequence[str], dest: str, const: str, **rest: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, const=const, **rest)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        sys.stdout.write(f"{self.const}\n")
        parser.exit()


class Commands(Protocol):
    """The subcommands of the main parser."""

    def add_parser(
        self,
        name: str,
        *,
        prog: str,
        help: str,  # noqa: A002 (argparse's name)
        description: str,
        epilog: str,
    ) -> Parser:
        """Add a subcommand, and return its parser."""
        ...


def set_command(parser: Parser, run: Callable[[argparse.Namespace], int]) -> None:
    """Make ``run`` the command of a subparser.

    Args:
        parser: The subparser.
        run: Runs the command with the parsed arguments, and returns the exit code. It imports what
            the command uses: the help, the completion and errors of usage load none of that.
    """
    parser.set_defaults(run=run, parser=parser)
