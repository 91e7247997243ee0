"""The parser of all commands."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias
from unicodedata import east_asian_width

from .escape import escaped

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

__all__ = ("Commands", "Parser", "Print")


class _Formatter(argparse.RawDescriptionHelpFormatter):
    """Wraps help by the cells of a terminal, of which a Korean letter takes two."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        lines = [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".lstrip()
            if _cells(longer) <= width or not lines[-1]:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines


def _cells(text: str) -> int:
    return sum(2 if east_asian_width(each) in "WF" else 1 for each in text)


class Parser(argparse.ArgumentParser):
    """Shows help as it is written, and complains without obeying what it complains about."""

    def __init__(self, *, prog: str, description: str, epilog: str | None = None) -> None:
        super().__init__(
            prog=prog,
            description=description,
            epilog=epilog,
            formatter_class=_Formatter,
            allow_abbrev=False,
        )

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        # argparse hides that a disk is full, and would exit with 0.
        (file or sys.stdout).write(self.format_help())

    def error(self, message: str) -> NoReturn:
        # An option that is mistyped is quoted with its value, which may be an address.
        super().error(escaped(re.sub(r"(?<=://)\S+@", "***@", message)))


class Print(argparse.Action):
    """Print ``const`` and exit; unlike argparse's own ``version``, not hiding a full disk."""

    def __init__(self, option_strings: Sequence[str], dest: str, const: str, **rest: Any) -> None:
        super().__init__(option_strings, dest, nargs=0, const=const, **rest)

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        sys.stdout.write(f"{self.const}\n")
        parser.exit()


Commands: TypeAlias = "argparse._SubParsersAction[Parser]"
