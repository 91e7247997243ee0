"""The parsed arguments of ``portone-async reconcile``."""

from __future__ import annotations

import argparse
from datetime import tzinfo

from portone_async.cli.language import Language
from portone_async.cli.orders.formats import Format

__all__ = ("Arguments",)


class Arguments(argparse.Namespace):
    """Every argument of the command, as its parser sets it."""

    source: str
    query: str | None
    columns: list[str]
    format: Format | None
    delimiter: str | None
    sheet: str | None
    header_row: int | None
    strict: bool
    since: str | None
    until: str | None
    tz: tzinfo
    statuses: list[str]
    store: str | None
    fresh: bool
    out: str | None
    report: str | None
    language: Language | None
    rate: float | None
    proxy: str | None
