"""Retry decisions for one call.

The strategies are tenacity's, and ``Retry.next_wait`` evaluates them for the loop in ``client.call``:
whether the failure is worth another attempt, how long to wait, and what forbids it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from tenacity import (
    RetryCallState,
    Retrying,
    retry_if_exception_type,
    retry_if_not_exception_type,
    stop_after_attempt,
    wait_none,
    wait_random_exponential,
)
from tenacity.stop import stop_base
from tenacity.wait import wait_base

from portone_async.call import Call
from portone_async.errors import (
    ApiError,
    DeadlineExceededError,
    PortOneError,
    RequestTimeoutError,
    TransientError,
    UnauthorizedError,
)
from portone_async.policy import RetryPolicy

__all__ = ("SUCCESS_DEPOSIT", "Retry", "RetryBudget")

SUCCESS_DEPOSIT = 1
"""What a success without a retry adds to the budget."""
_RETRY_COST = 5
_TIMEOUT_COST = 10  # A retry does most harm to a server that is too slow.

_is_transient = retry_if_exception_type(TransientError) & retry_if_not_exception_type(
    DeadlineExceededError
)


class RetryBudget:
    """What a client may still spend on retries, so that they do not multiply an outage.

    One for a client and all its views. After a hundred retries in a row without a success each
    call gets only its first attempt; successes refill it.
    """

    __slots__ = ("_capacity", "_left")

    def __init__(self, capacity: int | None) -> None:
        self._capacity = capacity
        self._left = capacity or 0

    @property
    def left(self) -> int | None:
        """What is left; ``None`` without a limit."""
        return None if self._capacity is None else self._left

    def withdraw(self, cost: int) -> bool:
        """Pay for a retry if there is enough left; return whether there was."""
        if self._capacity is None:
            return True
        if cost > self._left:
            return False
        self._left -= cost
        return True

    def deposit(self, amount: int) -> None:
        """Refill after a success."""
        if self._capacity is not None:
            self._left = min(self._capacity, self._left + amount)


class Retry:
    """The retry decisions of one call.

    Args:
        policy: When a failed attempt is followed by another.
        budget: Pays for retries.
        call: The call, which may be idempotent.
        deadline: When the call must end, on the loop's clock.
    """

    __slots__ = (
        "_budget",
        "_call",
        "_paid",
        "_state",
        "_stops",
        "_wait",
        "gave_up",
        "token_refreshed",
    )

    def __init__(
        self, policy: RetryPolicy, budget: RetryBudget, *, call: Call[Any], deadline: float | None
    ) -> None:
        self._budget = budget
        self._call = call
        self._paid = 0
        self._wait = _AtLeastRetryAfter(_full_jitter(policy))
        self._stops = _stops(policy, deadline)
        self._state = RetryCallState(Retrying(), None, (), {})
        self.token_refreshed = False
        """Whether the token was refreshed for this call: a second time would not help."""
        self.gave_up: str | None = None
        """Why the last failure, though worth another attempt, was not followed by one."""

    def next_wait(self, error: PortOneError) -> float | None:
        """Return the seconds to wait before the next attempt; ``None`` to give up.

        The reason to give up is in :attr:`gave_up`; ``None`` there if failures of this kind are
        never retried.
        """
        state = self._state
        state.set_exception((type(error), error, None))
        if isinstance(error, UnauthorizedError):
            if self.token_refreshed or not self._call.authenticated:
                return None
            self.token_refreshed = True
            wait = 0.0
        else:
            if not _is_transient(state):
                return None
            wait = state.upcoming_sleep = self._wait(state)
            self.gave_up = self._reason_against(error)
            if self.gave_up is not None:
                return None
        state.prepare_for_next_attempt()
        return wait

    def succeeded(self) -> None:
        """Return to the budget what the last retry had cost, or add what any success adds."""
        self._budget.deposit(self._paid or SUCCESS_DEPOSIT)

    def _reason_against(self, error: PortOneError) -> str | None:
        """Return why a transient failure gets no other attempt; pay for that attempt otherwise."""
        if isinstance(error, TransientError) and error.was_sent and not self._call.is_idempotent:
            return "not retried: the request may have been processed and is not idempotent"
        for stop, reason in self._stops:
            if stop(self._state):
                return reason(self._state)
        cost = _TIMEOUT_COST if isinstance(error, RequestTimeoutError) else _RETRY_COST
        if not self._budget.withdraw(cost):
            return "the retry budget is empty: too many calls of this client fail"
        self._paid = cost
        return None


def _full_jitter(policy: RetryPolicy) -> wait_base:
    if policy.backoff_initial == 0.0:  # tenacity would wait for the maximum after attempt 1024.
        return wait_none()
    return wait_random_exponential(multiplier=policy.backoff_initial, max=policy.backoff_max)


class _AtLeastRetryAfter(wait_base):
    """Waits as another strategy does, but never less than the server requests."""

    def __init__(self, backoff: wait_base) -> None:
        self._backoff = backoff

    def __call__(self, retry_state: RetryCallState) -> float:
        return max(self._backoff(retry_state), _retry_after(retry_state))


class _RetryAfterExceeds(stop_base):
    """Stops if the server requests a longer wait than the policy allows."""

    def __init__(self, maximum: float) -> None:
        self._maximum = maximum

    def __call__(self, retry_state: RetryCallState) -> bool:
        return _retry_after(retry_state) > self._maximum


class _NextAttemptAfter(stop_base):
    """Stops if the next attempt would begin at a deadline or later."""

    def __init__(self, deadline: float) -> None:
        self._deadline = deadline

    def __call__(self, retry_state: RetryCallState) -> bool:
        # Not tenacity's own clock: the deadline is on the loop's.
        now = asyncio.get_running_loop().time()
        return now + retry_state.upcoming_sleep >= self._deadline


_Stops = list[tuple[stop_base, Callable[[RetryCallState], str]]]


def _stops(policy: RetryPolicy, deadline: float | None) -> _Stops:
    """Return what forbids another attempt, each with the reason to report, by precedence."""
    stops: _Stops = [
        (
            stop_after_attempt(policy.attempts),
            lambda _: f"RetryPolicy.attempts is {policy.attempts}",
        ),
        (
            _RetryAfterExceeds(policy.retry_after_max),
            lambda state: (
                f"the server asks to wait {_retry_after(state):g} s, "
                f"RetryPolicy.retry_after_max is {policy.retry_after_max:g} s"
            ),
        ),
    ]
    if deadline is not None:
        stops.append(
            (
                _NextAttemptAfter(deadline),
                lambda state: (
                    f"no time left: the next attempt would begin in {state.upcoming_sleep:.2f} s"
                ),
            )
        )
    return stops


def _retry_after(state: RetryCallState) -> float:
    """Return the seconds that the server requests to wait; 0 for none."""
    error = None if state.outcome is None else state.outcome.exception()
    return (error.retry_after or 0.0) if isinstance(error, ApiError) else 0.0
