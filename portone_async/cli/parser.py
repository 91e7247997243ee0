"""The parser of all commands."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

from .escape import escaped

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

__all__ = ("Commands", "Parser", "Print")


class Parser(argparse.ArgumentParser):
    """Shows help as it is written, and complains without obeying what it complains about."""

    def __init__(self, *, prog: str, description: str, epilog: str | None = None) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        # argparse hides that a disk is full, and would exit with 0.
        (file or sys.stdout).write(self.format_help())

    def error(self, message: str) -> NoReturn:
        super().error(escaped(message))


class Print(argparse.Action):
    """Print ``const`` and exit; unlike argparse's own ``version``, not hiding a full disk."""

    def __init__(self, option_strings: Sequence[str], dest: str, const: str, **rest: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, const=const, **rest)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        sys.stdout.write(f"{self.const}\n")
        parser.exit()


Commands: TypeAlias = "argparse._SubParsersAction[Parser]"
