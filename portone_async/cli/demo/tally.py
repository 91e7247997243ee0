"""What the client did, counted from what it tells ``on_attempt``."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable

from portone_async.errors import Attempt, RateLimitedError, UnauthorizedError

__all__ = ("Tally", "most_in_a_second")

_GET_TOKEN = "/users/getToken"  # noqa: S105 (a path)


class Tally:
    """Each request is one of: a look-up's first, a token fetch's first, a retry, a renewal's."""

    def __init__(self) -> None:
        self.started_at: list[float] = []
        """When each request got its permit, on the event loop's clock."""
        self.look_ups = 0
        """Look-ups that were sent at least once."""
        self.token_fetches = 0
        self.retries: Counter[str] = Counter()
        """Requests sent again, by the error of the try before."""
        self.renewals = 0
        """Requests sent again with a new token, after a 401."""
        self.pauses = 0
        """Answers with 429: each makes all requests wait."""

    @property
    def sent(self) -> int:
        return self.look_ups + self.token_fetches + self.retries.total() + self.renewals

    def record(self, attempt: Attempt) -> None:
        self.started_at.append(asyncio.get_running_loop().time() - attempt.elapsed)
        if attempt.number == 1 and attempt.route == _GET_TOKEN:
            self.token_fetches += 1
        elif attempt.number == 1:
            self.look_ups += 1
        if attempt.error == RateLimitedError.__name__:
            self.pauses += 1
        if attempt.error is None or attempt.wait is None:
            return
        if attempt.error == UnauthorizedError.__name__:
            self.renewals += 1
        else:
            self.retries[attempt.error] += 1


def most_in_a_second(times: Iterable[float]) -> int:
    """The most of ``times`` (seconds) that lie within any one second."""
    most = first = 0
    ascending = sorted(times)
    for last, time in enumerate(ascending):
        while time - ascending[first] >= 1:
            first += 1
        most = max(most, last - first + 1)
    return most
