from __future__ import annotations

import pickle
from typing import Any

import msgspec
import pytest

from portone_async import InvalidRequestError, RateLimit, RetryPolicy, Timeouts


def test_defaults_are_as_documented() -> None:
    assert RetryPolicy() == RetryPolicy(4, 0.5, 8.0, 60.0, 500)
    assert RateLimit() == RateLimit(50.0, 5)
    assert Timeouts() == Timeouts(60.0, 30.0, 5.0)


@pytest.mark.parametrize(
    ("kind", "field", "value"),
    [
        (RetryPolicy, "attempts", 0),
        (RetryPolicy, "attempts", 1.5),
        (RetryPolicy, "attempts", True),
        (RetryPolicy, "backoff_initial", -0.1),
        (RetryPolicy, "backoff_max", float("nan")),
        (RetryPolicy, "backoff_max", "8"),
        (RetryPolicy, "retry_after_max", float("inf")),
        (RetryPolicy, "budget", -1),
        (RetryPolicy, "budget", 2.0),
        (RateLimit, "rate", 0),
        (RateLimit, "rate", -1),
        (RateLimit, "rate", None),
        (RateLimit, "burst", 0),
        (RateLimit, "burst", 1.5),
        (Timeouts, "total", 0),
        (Timeouts, "total", 10**400),
        (Timeouts, "attempt", -1),
        (Timeouts, "connect", float("inf")),
        (Timeouts, "connect", "5"),
        (Timeouts, "connect", True),
    ],
)
def test_value_out_of_range_is_rejected_and_named(kind: Any, field: str, value: Any) -> None:
    with pytest.raises(InvalidRequestError, match=rf"^{field} must be a "):
        kind(**{field: value})
    with pytest.raises(InvalidRequestError, match=rf"^{field} must be a "):
        msgspec.structs.replace(kind(), **{field: value})


def test_edges_of_the_ranges_are_accepted() -> None:
    RetryPolicy(attempts=1, backoff_initial=0, backoff_max=0, retry_after_max=0, budget=0)
    RateLimit(rate=1e-3, burst=1)
    Timeouts(total=1e-3, attempt=1, connect=1)


@pytest.mark.parametrize(
    ("kind", "field", "bound"),
    [
        (RetryPolicy, "attempts", "whole number, 1 or more: -1"),
        (RetryPolicy, "retry_after_max", "finite number, 0 or more: -1"),
        (RateLimit, "rate", "finite number, more than 0: -1"),
    ],
)
def test_error_names_the_accepted_range(kind: Any, field: str, bound: str) -> None:
    with pytest.raises(InvalidRequestError, match=rf"^{field} must be a {bound}$"):
        kind(**{field: -1})


def test_none_means_unlimited() -> None:
    assert Timeouts(None, None, None).total is None
    assert RetryPolicy(budget=None).budget is None


@pytest.mark.parametrize("policy", [RetryPolicy(), RateLimit(), Timeouts()])
def test_policy_is_a_value(policy: Any) -> None:
    assert pickle.loads(pickle.dumps(policy)) == policy == type(policy)()
    assert hash(policy) == hash(type(policy)())
    with pytest.raises(AttributeError):
        setattr(policy, policy.__struct_fields__[0], 1)
