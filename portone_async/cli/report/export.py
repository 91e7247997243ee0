"""Findings as a file for programs: CSV, JSON Lines or Parquet, by the name's ending."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from datetime import tzinfo
from pathlib import Path

from msgspec.structs import replace

from portone_async.cli.zone import SEOUL, in_zone
from portone_async.errors import InvalidRequestError
from portone_async.reconcile.finding import Finding, PaymentSnapshot

from .as_csv import write_csv
from .as_json import write_json_lines
from .as_parquet import write_parquet
from .aside import in_place_of

__all__ = ("checked_writer", "write_findings")

Writer = Callable[[Path, Iterable[Finding]], None]

_WRITERS: dict[str, Writer] = {
    ".csv": write_csv,
    ".jsonl": write_json_lines,
    ".parquet": write_parquet,
}


def write_findings(
    path: str | os.PathLike[str], findings: Iterable[Finding], *, timezone: tzinfo = SEOUL
) -> None:
    """Write all findings, those that matched too, in the order given.

    The findings are gone through once, and only a few are in memory. Amounts are exact in each
    format: plain digits in CSV, strings in JSON Lines, ``DECIMAL(38, 9)`` in Parquet.

    Args:
        path: The file, which appears whole or not at all; its ending chooses the format.
        findings: What the run has found.
        timezone: The zone of all times in CSV and JSON Lines, each with its offset. Parquet has
            instants, which each reader shows in a zone of its own.

    Raises:
        InvalidRequestError: Another ending; or, for Parquet, an amount that does not fit.
        NotWrittenError: The file could not be written; nothing of it is left behind.
        ModuleNotFoundError: duckdb is not there, for Parquet: the extra ``cli`` has it.
    """
    write = checked_writer(path)
    with in_place_of(path) as aside:
        write(aside, (_on_clock(finding, timezone) for finding in findings))


def _on_clock(finding: Finding, timezone: tzinfo) -> Finding:
    payments = tuple(_seen_on_clock(payment, timezone) for payment in finding.payments)
    return replace(finding, payments=payments)


def _seen_on_clock(payment: PaymentSnapshot, timezone: tzinfo) -> PaymentSnapshot:
    times = {"paid_at": payment.paid_at, "cancelled_at": payment.cancelled_at}
    return replace(
        payment,
        **{name: in_zone(time, timezone) for name, time in times.items() if time is not None},
    )


def checked_writer(path: str | os.PathLike[str]) -> Writer:
    """What writes a file of the name.

    Raises:
        InvalidRequestError: Nothing does.
    """
    ending = Path(path).suffix.lower()
    if ending not in _WRITERS:
        known = ", ".join(_WRITERS)
        raise InvalidRequestError(f"{path}: cannot tell the format; the name may end in {known}")
    return _WRITERS[ending]
