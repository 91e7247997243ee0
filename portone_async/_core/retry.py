"""Whether a failed try is followed by another, and when. tenacity, told our policy."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, cast

from tenacity import AsyncRetrying, RetryCallState, retry_if_result

from portone_async.errors import (
    ApiError,
    DeadlineExceededError,
    PortOneError,
    RequestTimeoutError,
    TransientError,
    UnauthorizedError,
)
from portone_async.policy import RetryPolicy

__all__ = ("SUCCESS", "Retry", "RetryBudget")

T = TypeVar("T")

SUCCESS = 1
"""What a success without a retry gives the budget."""
_RETRY_COST = 5
_TIMEOUT_COST = 10  # A server that is too slow is hurt more by a repetition.


class RetryBudget:
    """What a client may still spend on retries, so that an outage is not multiplied.

    One for a client and all its views. After a hundred retries in a row without a success each
    call gets its first try only; successes fill it again.
    """

    __slots__ = ("_capacity", "_left")

    def __init__(self, capacity: int | None) -> None:
        self._capacity = capacity
        self._left = capacity or 0

    def withdraw(self, cost: int) -> bool:
        """Pay for a retry, if there is enough left."""
        if self._capacity is None:
            return True
        if cost > self._left:
            return False
        self._left -= cost
        return True

    def deposit(self, amount: int) -> None:
        """Give back after a success."""
        if self._capacity is not None:
            self._left = min(self._capacity, self._left + amount)


class Retry:
    """The decisions of one call. Made anew for each: tenacity's own state cannot be shared.

    Args:
        policy: When there is another try.
        budget: What pays for it.
        is_idempotent: Whether the call may be sent again although it may have been processed.
        deadline: When the call must end, on the loop's clock.
    """

    __slots__ = (
        "_budget",
        "_deadline",
        "_is_repeatable",
        "_paid",
        "_policy",
        "gave_up",
        "was_renewed",
    )

    def __init__(
        self,
        policy: RetryPolicy,
        budget: RetryBudget,
        *,
        is_idempotent: bool,
        deadline: float | None,
    ) -> None:
        self._policy = policy
        self._budget = budget
        self._is_repeatable = is_idempotent
        self._deadline = deadline
        self._paid = 0
        self.was_renewed = False
        """Whether the token was renewed for this call already: a second time would not help."""
        self.gave_up: str | None = None
        """Why the last failure was not followed by another try."""

    async def repeat(
        self,
        attempt: Callable[[], Awaitable[T | PortOneError]],
        failure: PortOneError,
        before_wait: Callable[[PortOneError, float], None],
        sleep: Callable[[float], Awaitable[None]],
    ) -> T | PortOneError:
        """Follow the failure of a first try with others, as long as there is reason to.

        The first try is made without any of this: a call that succeeds at once does not pay for it.
        Failures are values: nothing is caught here, so a cancellation passes as it is.

        Args:
            attempt: Makes one try.
            failure: What the first try gave.
            before_wait: Told of each failure that is followed by another try, with the seconds
                until then.
            sleep: Waits for so many seconds.
        """
        first: PortOneError | None = failure

        async def next_attempt() -> T | PortOneError:
            nonlocal first
            if first is not None:
                outcome, first = first, None
                return outcome
            return await attempt()

        def before_sleep(state: RetryCallState) -> None:
            before_wait(_failure(state), state.upcoming_sleep)

        retrying = AsyncRetrying(
            sleep=sleep,
            retry=retry_if_result(self._is_worth_another),
            wait=self._wait,
            stop=self._is_over,
            before_sleep=before_sleep,
            retry_error_callback=_failure,
        )
        # tenacity's type for this call is that of a decorated function, not of its result.
        return cast("T | PortOneError", await retrying(next_attempt))

    def succeeded(self) -> None:
        """Give the budget its due after a success."""
        self._budget.deposit(self._paid or SUCCESS)

    def _is_worth_another(self, outcome: object) -> bool:
        """Whether this kind of failure may be gone the next time, and a repetition harms none."""
        if isinstance(outcome, UnauthorizedError):
            return not self.was_renewed
        if not isinstance(outcome, TransientError) or isinstance(outcome, DeadlineExceededError):
            return False
        if outcome.was_sent and not self._is_repeatable:
            self.gave_up = "it may have been processed, and this call is not sent twice"
            return False
        return True

    def _wait(self, state: RetryCallState) -> float:
        """Full jitter under a doubling ceiling, and never less than the server asks for."""
        failure = _failure(state)
        if isinstance(failure, UnauthorizedError):
            return 0.0
        wait = random.uniform(0.0, self._policy.backoff(state.attempt_number))  # noqa: S311 (no secret)
        return max(wait, _retry_after(failure) or 0.0)

    def _is_over(self, state: RetryCallState) -> bool:
        """Whether there is a reason against the next try; the budget is asked last: it pays."""
        failure = _failure(state)
        if isinstance(failure, UnauthorizedError):
            self.was_renewed = True
            return False
        asked = _retry_after(failure)
        wait = state.upcoming_sleep
        cost = _TIMEOUT_COST if isinstance(failure, RequestTimeoutError) else _RETRY_COST
        if state.attempt_number >= self._policy.attempts:
            self.gave_up = f"RetryPolicy.attempts is {self._policy.attempts}"
        elif asked is not None and asked > self._policy.retry_after_max:
            self.gave_up = (
                f"the server asks to wait {asked:g} s, "
                f"RetryPolicy.retry_after_max is {self._policy.retry_after_max:g} s"
            )
        elif self._ends_before(wait):
            self.gave_up = f"no time left: the next try would begin in {wait:.2f} s"
        elif not self._budget.withdraw(cost):
            self.gave_up = "the retry budget is empty: too many calls of this client fail"
        else:
            self._paid = cost
            return False
        return True

    def _ends_before(self, wait: float) -> bool:
        if self._deadline is None:
            return False
        return asyncio.get_running_loop().time() + wait >= self._deadline


def _failure(state: RetryCallState) -> Any:
    assert state.outcome is not None
    return state.outcome.result()


def _retry_after(failure: PortOneError) -> float | None:
    return failure.retry_after if isinstance(failure, ApiError) else None
