"""The parsed arguments of the commands."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from datetime import tzinfo
from typing import Literal, TypeAlias

from .orders.formats import Format

__all__ = ("Arguments", "Language")


Language: TypeAlias = Literal["ko", "en"]


class Arguments(argparse.Namespace):
    """The options of all commands; each command's parser sets its own."""

    run: Callable[[Arguments], int]

    # find and reconcile
    proxy: str | None
    tz: tzinfo

    # find
    order: list[str]
    status: str | None
    sorting: str | None
    json: bool
    personal_data: bool

    # reconcile
    source: str
    query: str | None
    columns: list[str]
    format: Format | None
    delimiter: str | None
    sheet: str | None
    header_row: int | None
    since: str | None
    until: str | None
    statuses: list[str]
    store: str | None
    out: str | None
    report: str | None
    language: Language | None
    rate_limit: float | None
    strict: bool
    fresh: bool

    # demo
    orders: int
    rate: float
    seed: int
