"""How differences are confirmed, and what that takes."""

from __future__ import annotations

from collections.abc import Callable
from inspect import isawaitable
from typing import Any, Literal, TypeAlias, get_args

from msgspec import Struct

from portone_async.client import PortOneClient
from portone_async.errors import InvalidRequestError
from portone_async.resources.payments._batch import LARGEST_BATCH

__all__ = ("Confirm", "ConfirmationPlan", "Confirming", "validate_confirm")

Confirm: TypeAlias = Literal["single", "batch"]
"""``"single"``: a request for each order. ``"batch"``: a hundred orders per request."""


class ConfirmationPlan(Struct, frozen=True, kw_only=True):
    """The confirmations that a run is about to begin."""

    orders: int
    """The number of orders that seem to differ and are not confirmed yet."""
    requests: int
    """The requests that they need, at least."""
    seconds: float | None
    """The time that these requests take at the client's rate limit, at least.

    ``None`` if the client has no limit, or a throttle whose limit is not known.
    """


class Confirming(Struct, frozen=True):
    """The settings of confirmations."""

    confirm: Confirm = "single"
    on_confirm: Callable[[ConfirmationPlan], object] | None = None

    async def announce(self, orders: int, client: PortOneClient) -> None:
        """Report how many orders will be confirmed, and how long that takes; wait for the reaction."""
        if self.on_confirm is not None and orders:
            per_request = LARGEST_BATCH if self.confirm == "batch" else 1
            requests = -(-orders // per_request)
            limit = client.rate_limit
            seconds = None if limit is None else requests / limit.rate
            plan = ConfirmationPlan(orders=orders, requests=requests, seconds=seconds)
            reaction = self.on_confirm(plan)
            if isawaitable(reaction):
                await reaction


def validate_confirm(confirm: Any) -> Confirm:
    """Return the way to confirm.

    Raises:
        InvalidRequestError: It does not exist.
    """
    for known in get_args(Confirm):
        if confirm == known:
            return known  # type: ignore[no-any-return]  # one of the words of its type
    raise InvalidRequestError(f"confirm must be 'single' or 'batch': {confirm!a}")
