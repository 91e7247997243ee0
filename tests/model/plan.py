"""One episode as plain data: what is done, by which process, and what goes wrong."""

from __future__ import annotations

from typing import Literal, TypeAlias

from msgspec import Struct

from .faults import Fault

__all__ = (
    "CALM",
    "Book",
    "Cancel",
    "Charge",
    "ClientOptions",
    "Delivery",
    "Find",
    "Intrusion",
    "Job",
    "Operation",
    "Plan",
    "PlannedSchedule",
    "Refund",
    "Retry",
    "Revoke",
)


class Find(Struct, frozen=True, tag=True, omit_defaults=True):
    """Look the payment up: changes nothing."""

    payment: int


class Refund(Struct, frozen=True, tag=True, omit_defaults=True):
    """Refund a part of a payment, or all that is left of it."""

    payment: int
    amount: int | None
    """KRW; ``None`` for the whole balance."""
    is_keyed: bool = True
    settle: float = 90.0


class Charge(Struct, frozen=True, tag=True, omit_defaults=True):
    """Charge a billing key."""

    amount: int
    key: Literal["good", "declined", "missing"] = "good"
    hidden_for: float = 0.0
    """Seconds until look-ups see its payment."""
    settle: float = 90.0


class Book(Struct, frozen=True, tag=True, omit_defaults=True):
    """Book a charge for later."""

    schedule: int
    settle: float = 90.0


class Revoke(Struct, frozen=True, tag=True, omit_defaults=True):
    """Revoke a booked charge."""

    schedule: int
    settle: float = 90.0


class Retry(Struct, frozen=True, tag=True, omit_defaults=True):
    """Charge a schedule now that failed."""

    schedule: int
    settle: float = 90.0


Operation: TypeAlias = Find | Refund | Charge | Book | Revoke | Retry


class PlannedSchedule(Struct, frozen=True, omit_defaults=True):
    """A charge of a billing key at a time."""

    amount: int
    runs_at: float = 0.0
    """Seconds from the start of the episode."""
    is_failed: bool = False
    """Whether it was made before, and failed."""


class Cancel(Struct, frozen=True):
    """The cancellation of a task at one of its awaits."""

    await_number: int
    when: Literal["at once", "with the result", "later"]
    """As the await begins, as its result is there but not read yet, or ``seconds`` later."""
    seconds: float = 0.0


class Delivery(Struct, frozen=True, omit_defaults=True):
    """One call of a job's operation by one process."""

    process: int = 0
    delay: float = 0.0
    """Seconds after the previous delivery ended, or began if ``overlaps``."""
    overlaps: bool = False
    faults: tuple[Fault, ...] = ()
    """Of the first requests of the call, in order; the others are answered."""
    latency: float = 0.01
    """Seconds of a request's way to the server, and of the answer's way back."""
    close_after: float | None = None
    """Seconds after which the client of the process is closed in order; ``None`` for never."""
    kill_at: int | None = None
    """The number of the line of the package, from the start of the call, at which its process ends."""
    cancel: Cancel | None = None


CALM = Delivery(process=-1, delay=300.0)
"""A delivery by a new process, without a fault, after all late processing."""


class Job(Struct, frozen=True, omit_defaults=True):
    """An operation that must happen once, and its deliveries."""

    operation: Operation
    deliveries: tuple[Delivery, ...]
    starts_at: float = 0.0


class Intrusion(Struct, frozen=True):
    """A refund in the console, which no client here knows of."""

    at: float
    payment: int
    amount: int


class ClientOptions(Struct, frozen=True, omit_defaults=True):
    """The options of the clients of an episode, but for those that repeat jobs without faults."""

    total: float = 60.0
    attempts: int = 4
    max_in_flight: int = 32
    is_limited: bool = False
    """Whether only a few requests a second may start."""


class Plan(Struct, frozen=True, omit_defaults=True):
    """One episode."""

    payments: tuple[int, ...]
    """Their amounts, in KRW."""
    jobs: tuple[Job, ...]
    intrusions: tuple[Intrusion, ...] = ()
    schedules: tuple[PlannedSchedule, ...] = ()
    is_slow: bool = False
    """Whether the PG makes refunds some minutes after it has accepted them."""
    options: ClientOptions = ClientOptions()
    refuses_used_numbers: bool = True
    """Whether the server refuses a charge under a number that has a payment."""
    seed: int = 0
    """Of the waits that the client draws between retries."""
