"""What the commands are told."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import NoReturn, TypeAlias

from .escape import escaped

__all__ = ("Arguments", "Commands", "Parser")


class Arguments(argparse.Namespace):
    """The options of all commands; each command's parser sets its own."""

    run: Callable[[Arguments], int]

    # find
    order: list[str]
    status: str | None
    sorting: str | None
    json: bool
    personal_data: bool

    # demo
    orders: int
    rate: float
    seed: int


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

    def error(self, message: str) -> NoReturn:
        super().error(escaped(message))


Commands: TypeAlias = "argparse._SubParsersAction[Parser]"
