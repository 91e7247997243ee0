"""The arithmetic of a shared rate."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from portone_async import RateLimit
from portone_async.throttle.valkey._schedule import LONGEST, Lease, Schedule


@given(st.floats(0.02, 1e5), st.integers(1, 1000), st.integers(1, 6))
def test_credit_and_grace_together_are_the_burst(rate: float, burst: int, processes: int) -> None:
    schedule = Schedule(RateLimit(rate, burst), processes)
    # Slots are used up to tau + grace microseconds after their time: in any T seconds those of
    # T + tau + grace, and one more.
    late = schedule.tau + round(schedule.grace * 1e6)

    assert late // schedule.interval + 1 == max(burst, 2)
    assert schedule.interval * rate >= 1e6
    assert schedule.interval <= 1e6 / rate + 1


@given(st.floats(0.02, 1e5), st.integers(1, 6))
def test_horizon_holds_a_slot_of_each_process(rate: float, processes: int) -> None:
    schedule = Schedule(RateLimit(rate), processes)

    assert schedule.horizon >= (processes - 1) * schedule.interval
    assert schedule.horizon + schedule.interval <= LONGEST * 1e6


def test_one_slot_is_reserved_until_the_distance_is_known() -> None:
    lease = Lease(Schedule(RateLimit(1000, 100), 1))
    wanted: list[int] = []
    for trip in (
        0.3,
        0.02,
        0.5,
    ):  # The first one makes a connection, the last one meets a busy loop.
        wanted.append(lease.want)
        lease.add(1, 0.0, sent=0.0, received=trip)

    assert [*wanted, lease.want] == [1, 1, 21, 21]
