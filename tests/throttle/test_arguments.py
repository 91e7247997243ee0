"""The arguments, the loop and the end of a shared throttle."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any
from unittest.mock import Mock

import pytest

from portone_async import InvalidRequestError, RateLimit, Throttle, ThrottleError, WrongLoopError
from portone_async.throttle.valkey import SharedTokenBucket, _bucket
from tests.support.gcra import ModelStore
from tests.support.shared_bucket import DOWN, bucket, grants
from tests.support.virtual_time import VirtualLoop, run, virtual_time


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": ""}, "name"),
        ({"name": "a b"}, "name"),
        ({"name": "x" * 65}, "name"),
        ({"name": "상점"}, "name"),
        ({"processes": 0}, "processes"),
        ({"processes": True}, "processes"),
        ({"processes": 1.5}, "processes"),
        ({"on_failure": "ignore"}, "on_failure"),
        ({"rate": 0.001}, "rate must be at least"),
    ],
)
def test_invalid_argument_is_rejected(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(InvalidRequestError, match=reason):
        bucket(ModelStore(), **changes)


@pytest.mark.parametrize("store", ["planted-secret", "http://:planted-secret@h", 5, object()])
def test_invalid_store_is_rejected_without_its_text(store: Any) -> None:
    with pytest.raises(InvalidRequestError, match="store must be a URL") as caught:
        SharedTokenBucket(store, RateLimit(), name="shop", processes=1)
    assert caught.value.__context__ is None
    assert "planted" not in str(caught.value)


def test_rate_limit_must_be_one() -> None:
    with pytest.raises(InvalidRequestError, match="RateLimit"):
        SharedTokenBucket(ModelStore(), 50, name="shop", processes=1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # the point


def test_it_fulfils_the_protocol() -> None:
    throttle = bucket(ModelStore())
    assert isinstance(throttle, Throttle)
    assert repr(throttle) == ("SharedTokenBucket('shop', RateLimit(rate=50, burst=5), processes=4)")
    assert throttle.rate_limit == RateLimit(50, 5)


USES: list[Callable[[SharedTokenBucket], Any]] = [
    lambda throttle: throttle.acquire(),
    lambda throttle: throttle.pause(1),
    lambda throttle: throttle.usage(),
]


@pytest.mark.parametrize("use", USES, ids=["acquire", "pause", "usage"])
def test_second_loop_raises_wrong_loop_error(use: Callable[[SharedTokenBucket], Any]) -> None:
    throttle = bucket(ModelStore())
    first = VirtualLoop()
    try:
        first.run_until_complete(throttle.acquire())
        with pytest.raises(WrongLoopError, match="this SharedTokenBucket belongs to another"):
            run(use(throttle))
        with pytest.raises(WrongLoopError):
            run(throttle.close())
    finally:
        first.close()
    with pytest.raises(WrongLoopError, match="closed"):
        run(use(throttle))
    run(throttle.close())  # There is nothing left to close.


@pytest.mark.parametrize("use", USES, ids=["acquire", "pause", "usage"])
@virtual_time
async def test_closed_throttle_raises_throttle_error(
    use: Callable[[SharedTokenBucket], Any],
) -> None:
    store = ModelStore()
    async with bucket(store) as throttle:
        await throttle.acquire()
    await throttle.close()
    with pytest.raises(ThrottleError, match="'shop' is closed"):
        await use(throttle)
    assert not store.is_closed  # Its owner closes it.


@pytest.mark.parametrize("down", [False, True])
@virtual_time
async def test_close_ends_all_tasks_and_waiters(down: bool) -> None:
    store = ModelStore(0.05)
    throttle = bucket(store, 10, 1)
    await throttle.acquire()
    store.error = DOWN if down else None
    waiting = [asyncio.create_task(throttle.acquire()) for _ in range(3)]
    await asyncio.sleep(0.2 if down else 0.06)
    await throttle.close()
    results = await asyncio.gather(*waiting, return_exceptions=True)
    # A slot or a share that is slept for may be granted first.
    assert isinstance(results[-1], ThrottleError)
    assert asyncio.all_tasks() == {asyncio.current_task()}


@virtual_time
async def test_own_store_is_closed_although_closing_is_cancelled(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store = ModelStore()
    monkeypatch.setattr(_bucket, "connect", Mock(return_value=store))
    throttle = SharedTokenBucket("redis://h", RateLimit(), name="shop", processes=1)
    await throttle.acquire()
    store.distance = 10.0
    reserving = asyncio.create_task(throttle.pause(5))
    await asyncio.sleep(1)

    closing = asyncio.create_task(throttle.close())
    await asyncio.sleep(0)
    closing.cancel()
    await asyncio.wait({closing})

    assert closing.cancelled()
    with pytest.raises(ThrottleError, match="is closed"):
        await reserving
    assert store.is_closed


@virtual_time
async def test_usage_adds_two_hours() -> None:
    store = ModelStore()
    throttle = bucket(store, worker="web-1")
    await grants(throttle, 3, tasks=1)
    assert await throttle.usage() == {"web-1": 6}  # The model returns the same for both hours.
    await throttle.close()
