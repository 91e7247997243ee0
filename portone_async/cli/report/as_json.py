"""Findings as JSON Lines: one object each, as the ``Finding`` is."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from portone_async.reconcile.finding import Finding

__all__ = ("json_line", "write_json_lines")

_encoder = msgspec.json.Encoder()


def write_json_lines(path: Path, findings: Iterable[Finding]) -> None:
    """Write one object a line; ``msgspec.json.decode(line, type=Finding)`` reads it back.

    Amounts are strings: most programs would read a number as a float, and a sum of those is off.
    """
    with path.open("wb") as file:
        file.writelines(map(json_line, findings))


def json_line(finding: Finding | dict[str, Any]) -> bytes:
    r"""JSON of a line, its end included; anything that is not Unicode is escaped, as ``\udcff``."""
    try:
        return _encoder.encode(finding) + b"\n"
    except UnicodeEncodeError:
        return _encoder.encode(_spelled(msgspec.to_builtins(finding))) + b"\n"


def _spelled(value: Any) -> Any:
    match value:
        case str():
            return value.encode(errors="backslashreplace").decode()
        case dict():
            return {key: _spelled(each) for key, each in value.items()}  # pyright: ignore[reportUnknownVariableType] (any JSON)
        case list() | tuple():
            return [_spelled(each) for each in value]  # pyright: ignore[reportUnknownVariableType] (any JSON)
        case _:
            return value
