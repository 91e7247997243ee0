"""Findings as JSON Lines: an object with the fields of ``Finding`` on each line."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import tzinfo
from pathlib import Path
from typing import Any

import msgspec
from msgspec.structs import replace

from portone_async.reconcile.finding import Finding

from .local_times import payment_in_zone
from .options import ExportOptions

__all__ = ("json_line", "write_jsonl")

_encoder = msgspec.json.Encoder()


def write_jsonl(path: Path, findings: Iterable[Finding], options: ExportOptions) -> None:
    """Write a line for each finding; ``msgspec.json.decode(line, type=Finding)`` reads it back.

    A finding with a Tier has it as a member. Amounts are strings: most programs would read a number
    as a float, whose sums are inexact.
    """
    with path.open("wb") as file:
        file.writelines(json_line(_in_zone(finding, options.timezone)) for finding in findings)


def _in_zone(finding: Finding, timezone: tzinfo) -> Finding:
    payments = tuple(payment_in_zone(payment, timezone) for payment in finding.payments)
    # msgspec encodes no subclass of str.
    error = str(finding.error) if finding.error else finding.error
    return replace(finding, payments=payments, error=error)


def json_line(finding: Finding | dict[str, Any]) -> bytes:
    r"""Encode a line with its line break; lone surrogates are escaped, as ``\udcff``."""
    try:
        return _encoder.encode(finding) + b"\n"
    except UnicodeEncodeError:
        return _encoder.encode(_escape_surrogates(msgspec.to_builtins(finding))) + b"\n"


def _escape_surrogates(value: Any) -> Any:
    match value:
        case str():
            return value.encode(errors="backslashreplace").decode()
        case dict():
            return {key: _escape_surrogates(item) for key, item in value.items()}  # pyright: ignore[reportUnknownVariableType] (any JSON)
        case list() | tuple():
            return [_escape_surrogates(item) for item in value]  # pyright: ignore[reportUnknownVariableType] (any JSON)
        case _:
            return value
