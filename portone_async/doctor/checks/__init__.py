"""All checks, in the order in which they are made."""

from __future__ import annotations

from collections.abc import Iterable

from portone_async.doctor.check import Check, Probe

from .connection import AT_THE_END, CONNECTION
from .lists import LISTS
from .look_ups import LOOK_UPS
from .records import RECORDS
from .token import EXTENSION, TOKEN

__all__ = ("CHECKS", "probes_of")

CHECKS: tuple[Check, ...] = (
    *CONNECTION,
    *TOKEN,
    *LOOK_UPS,
    *LISTS,
    *RECORDS,
    *EXTENSION,
    *AT_THE_END,
)
"""Every check, in the order in which they run."""


def probes_of(checks: Iterable[Check]) -> tuple[Probe, ...]:
    """Return the probes of checks, each once, in the order in which they are sent."""
    return tuple({probe.name: probe for check in checks for probe in check.probes}.values())
