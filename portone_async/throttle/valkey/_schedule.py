"""The times of a shared rate, and the slots that one process has reserved. Pure."""

from __future__ import annotations

import math
from collections import deque

from portone_async.errors import InvalidRequestError
from portone_async.policy import RateLimit

__all__ = ("LONGEST", "Lease", "Schedule")

LONGEST = 600.0
"""Seconds: no slot and no shared pause lies further ahead. The script takes a later one for the
time of another clock."""
# Seconds: the horizon must hold a slot of every process, or those that come late starve.
_HORIZON = 1.0
_MAX_HORIZON = 300.0
# Round trips, the shortest of which is the distance: the others include a busy event loop.
_TRIPS = 32


class Schedule:
    """The times that the script calculates with.

    At the clock of the server at most ``rate * T + burst`` permits are used in any T seconds: its
    slots keep ``rate * T`` plus about half of the burst, and a slot is used within ``grace`` after
    its time, which is worth the other half. (A burst of 1 is treated as one of 2.)

    Raises:
        InvalidRequestError: The rate is so low that a process might wait for minutes.
    """

    def __init__(self, rate_limit: RateLimit, processes: int) -> None:
        burst = math.ceil(rate_limit.burst / 2)
        horizon = max(_HORIZON, processes / rate_limit.rate)
        if horizon > _MAX_HORIZON:
            raise InvalidRequestError(
                f"rate must be at least processes / {_MAX_HORIZON:g}: {rate_limit.rate:g}"
            )
        self.rate = rate_limit.rate
        self.interval = math.ceil(1e6 / rate_limit.rate)
        """Microseconds between two slots, rounded up: never above the rate."""
        self.tau = (burst - 1) * self.interval
        """Microseconds that a slot may lie in the past when it is reserved."""
        self.horizon = math.ceil(horizon * 1e6)
        """Microseconds that a slot may lie ahead."""
        self.grace = max(1, rate_limit.burst - burst) * self.interval / 1e6
        """Seconds after which an unused slot is void."""


class Lease:
    """The slots that this process has reserved and not used, at times of the loop's clock."""

    __slots__ = ("_schedule", "_slots", "_trips", "next_request")

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self._slots: deque[tuple[float, float]] = deque()  # When each is due, and when void.
        self._trips: deque[float] = deque(maxlen=_TRIPS)
        self.next_request = 0.0
        """The time before which the store would refuse another request."""

    @property
    def want(self) -> int:
        """The slots to reserve at once: as many as fall due during a round trip.

        One beside a near server. A process reserves in one request at a time, so one slot a trip
        would limit it to the reciprocal of the distance.
        """
        # The first trip alone tells no distance: a connection is made in it.
        distance = min(self._trips) if len(self._trips) > 1 else 0.0
        return 1 + int(distance * self._schedule.rate)

    def forget_distance(self) -> None:
        """Measure the distance anew: the next answer may be of another server."""
        self._trips.clear()

    def add(self, slots: int, offset: float, *, sent: float, received: float) -> None:
        """Add the slots of an answer.

        Args:
            slots: Their number.
            offset: Seconds from the server's now to the first one.
            sent: When the request was sent.
            received: When the answer was received.
        """
        self._trips.append(received - sent)
        if slots == 0:
            self.next_request = received + offset
        # The server's now is not known exactly. A slot is used no earlier than its time at the
        # latest now possible, and is void by the least distance: a busy loop, which makes an answer
        # late, must not make its slots last longer.
        late = received - (sent + min(self._trips))
        grace = self._schedule.grace - late
        if grace <= 0.0:
            return
        for number in range(slots):
            # Past slots may be used at once: their grace begins now.
            due = received + max(0.0, offset + number * self._schedule.interval / 1e6)
            self._slots.append((due, due + grace))

    def first(self, now: float, *, not_before: float) -> float | None:
        """Return the time of the next slot; ``None`` without one. Void slots are dropped.

        Args:
            now: The time: slots whose grace is over are void.
            not_before: The end of a pause: slots before it are void.
        """
        while self._slots:
            due, void = self._slots[0]
            if now <= void and due >= not_before:
                return due
            self._slots.popleft()
        return None

    def take(self) -> None:
        """Use the next slot up."""
        self._slots.popleft()
