"""Locks by name: one holder each, and nothing left of an unused one."""

from __future__ import annotations

import asyncio

import pytest

from portone_async._core.exclusive import NamedLocks
from tests.support.virtual_time import virtual_time


@virtual_time
async def test_holders_of_one_name_take_turns_in_order() -> None:
    locks, events = NamedLocks(), list[str]()

    async def work(name: str) -> None:
        async with locks.hold("a"):
            events.append(f"{name} begins")
            await asyncio.sleep(1)
            events.append(f"{name} ends")

    await asyncio.gather(work("1"), work("2"), work("3"))
    assert events == [f"{name} {event}" for name in "123" for event in ("begins", "ends")]
    assert len(locks) == 0


@virtual_time
async def test_holders_of_other_names_do_not_wait() -> None:
    locks = NamedLocks()
    async with locks.hold("a"), locks.hold("b"):
        assert len(locks) == 2
    assert len(locks) == 0


@virtual_time
async def test_cancelled_waiter_and_holder_leave_nothing_behind() -> None:
    locks = NamedLocks()

    async def work() -> None:
        async with locks.hold("a"):
            await asyncio.sleep(100)

    holder, waiter, last = (asyncio.create_task(work()) for _ in range(3))
    await asyncio.sleep(1)
    waiter.cancel()
    holder.cancel()
    await last
    assert len(locks) == 0
    for task in (holder, waiter):
        with pytest.raises(asyncio.CancelledError):
            await task


@virtual_time
async def test_waiter_that_is_cancelled_when_its_turn_comes_passes_it_on() -> None:
    locks = NamedLocks()
    turns: list[int] = []

    async def work(number: int) -> None:
        async with locks.hold("a"):
            turns.append(number)

    async with locks.hold("a"):
        waiting = [asyncio.create_task(work(number)) for number in (1, 2)]
        await asyncio.sleep(0)
    # The lock was handed over, and the waiter has not run yet.
    waiting[0].cancel()
    await waiting[1]
    assert turns == [2]
    assert len(locks) == 0


@virtual_time
async def test_error_in_the_block_releases_the_lock() -> None:
    locks = NamedLocks()
    with pytest.raises(KeyError):
        async with locks.hold("a"):
            raise KeyError
    async with locks.hold("a"):
        assert len(locks) == 1
