"""Checks, the requests that they need, and their results, as values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeAlias

from msgspec import Struct, field

from portone_async.call import Call

from .evidence import Evidence

__all__ = (
    "Check",
    "Fact",
    "Probe",
    "Result",
    "Verdict",
    "agrees",
    "differs",
    "failed",
    "unknown",
)

Fact: TypeAlias = bool | int | float | str | Sequence[str] | Mapping[str, str]
"""An observation for a report: a count, a status, or names of fields and types, never a value."""


class Verdict(StrEnum):
    """What a check found."""

    AGREES = "agrees"
    """PortOne does what this package assumes."""
    DIFFERS = "differs"
    """PortOne does something else."""
    UNKNOWN = "unknown"
    """It cannot be observed here: the account has no such payment, for example."""
    FAILED = "failed"
    """The check could not be done: a request was refused, or was not answered."""


class Result(Struct, frozen=True):
    """The verdict of a check, and what was observed."""

    verdict: Verdict
    reason: str = ""
    """Why the verdict is ``UNKNOWN`` or ``FAILED``: a sentence without values."""
    facts: Mapping[str, Fact] = field(default_factory=dict[str, Fact])
    """Observations by name. :class:`Examination` drops all that may be the data of a shop."""


class Probe(Struct, frozen=True):
    """Requests of one endpoint that are sent for one or more checks."""

    name: str
    endpoint: str
    """Method and route, as in ``GET /payments/find/{merchant_uid}``."""
    calls: Callable[[Evidence], Sequence[Call[Any]]]
    """Makes the calls from the earlier answers; none, if the account has nothing to look up."""
    most: int = 1
    """The most calls that are made."""
    must_succeed: bool = False
    """Whether a check that needs it cannot be judged without a success."""
    authorization: Callable[[str], str] | None = None
    """Replaces the header ``Authorization`` of the first request."""


class Check(Struct, frozen=True):
    """One assumption about the API, and how to settle it."""

    id: str
    """Stable, as in ``batch-lists-all``: the documentation refers to it."""
    assumption: str
    """What this package assumes, in a sentence."""
    meaning: str
    """What a difference means for programs that use this package, and what to do."""
    probes: tuple[Probe, ...]
    judge: Callable[[Evidence], Result]
    """Compares the answers with the assumption. Pure."""
    judges_failures: bool = False
    """Whether :attr:`judge` is also called if requests were not answered, or not sent."""
    judges_refusals: bool = False
    """Whether :attr:`judge` is also called if a request was refused with 401 or 403."""
    is_measurement: bool = False
    """Whether the facts are of interest although they agree."""


def agrees(**facts: Fact) -> Result:
    """Return the result that PortOne does what is assumed."""
    return Result(Verdict.AGREES, facts=facts)


def differs(**facts: Fact) -> Result:
    """Return the result that PortOne does something else."""
    return Result(Verdict.DIFFERS, facts=facts)


def unknown(reason: str, **facts: Fact) -> Result:
    """Return the result that it cannot be observed here."""
    return Result(Verdict.UNKNOWN, reason, facts)


def failed(reason: str, **facts: Fact) -> Result:
    """Return the result that the check could not be done."""
    return Result(Verdict.FAILED, reason, facts)
