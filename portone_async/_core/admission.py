"""The admission of one attempt: its token, its place in the queue, its slot and its permit."""

from __future__ import annotations

import asyncio
from typing import Any

from .state import CallState
from .token import FetchToken, Token

__all__ = ("Admission",)


class Admission:
    """Admits one attempt of a call, and releases its slot at the end.

    It waits for these, in this order, and for nothing that is free:

    - the token first, since its fetch needs a slot and a permit itself: cold calls that hold them
      all would wait for ever;
    - the queue of the throttle, in which retries take priority over new calls;
    - the slot before the permit, since permits used up behind a slow server would burst later;
    - the permit last, so that none is spent on what cannot be sent.

    Raises:
        PortOneError: The token cannot be fetched, the client is closed, or a retry reached the
            deadline of its call.
    """

    __slots__ = ("_fetch", "_state", "_token")

    def __init__(self, state: CallState[Any], fetch: FetchToken) -> None:
        self._state = state
        self._fetch = fetch
        self._token: Token | None = None

    async def __aenter__(self) -> Token | None:
        """Return the token to send with; ``None`` for a call that needs none."""
        state, queue = self._state, self._state.options.throttle_queue
        state.client.transport.open(state.loop)
        # The usual case, in which all is free: saves 4 % of the instructions of a look-up.
        if (
            state.call.authenticated
            and (token := state.client.tokens.usable(self._fetch, state.loop.time())) is not None
            and not queue.semaphore.locked()
            and queue.has_capacity()
            and state.client.slots.acquire_nowait()
        ):
            state.mark_queued()
            await queue.acquire_available()
            return token
        await self._wait()
        return self._token

    async def __aexit__(self, *_: object) -> None:
        self._state.client.slots.release()

    async def _wait(self) -> None:
        deadline = self._state.deadline
        if deadline is None:  # A new call may queue without end: callers bound that themselves.
            await self._admit()
            return
        bound = asyncio.timeout_at(deadline)
        try:
            async with bound:
                await self._admit()
                return
        except TimeoutError:
            if not bound.expired():
                raise  # The token fetch or the throttle raised this.
        raise self._state.deadline_exceeded()

    async def _admit(self) -> None:
        state, client = self._state, self._state.client
        queue = state.options.throttle_queue.semaphore
        while True:
            client.transport.open(state.loop)
            if (
                state.call.authenticated
                and client.tokens.usable(self._fetch, state.loop.time()) is None
            ):
                await self._wait_for_token()
            began = state.loop.time()
            await queue.acquire(priority=state.has_priority)
            try:
                state.mark_queued()
                await client.slots.acquire(priority=not state.call.authenticated)
                if await self._acquire_permit():
                    return
            finally:
                queue.release()
                state.attempts.waited += state.loop.time() - began

    async def _wait_for_token(self) -> None:
        state, began = self._state, self._state.loop.time()
        counted = await state.client.tokens.ensure(self._fetch, state.total_left())
        state.add_token_wait(counted)
        state.attempts.waited_for_token += state.loop.time() - began

    async def _acquire_permit(self) -> bool:
        """Acquire a permit for a slot that is held; release the slot if there is no token left."""
        state, client = self._state, self._state.client
        is_admitted = False
        try:
            client.transport.open(state.loop)
            if state.call.authenticated and client.tokens.is_missing:
                return False
            await self._wait_for_permit()
            if state.call.authenticated:
                # The latest one: the queue may have been long.
                self._token = client.tokens.latest(self._fetch)
            is_admitted = self._token is not None or not state.call.authenticated
            return is_admitted
        finally:
            if not is_admitted:
                client.slots.release()

    async def _wait_for_permit(self) -> None:
        queue = self._state.options.throttle_queue
        if queue.has_capacity():
            await queue.acquire_available()  # Returns at once, so nothing has to interrupt it.
            return
        async with self._state.client.interrupted_by_close():
            await queue.throttle.acquire(priority=not self._state.call.authenticated)
