"""A client whose exchanges are scripted, for tests in virtual time."""

from __future__ import annotations

import asyncio
import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from portone_async import PortOneClient, PortOneError, RequestTimeoutError
from portone_async._http.reply import Reply
from portone_async._http.transport import Transport

from .samples import CARD_PAID, body, ok

UID = CARD_PAID["merchant_uid"]
PAID = Reply(200, {}, ok(CARD_PAID))

Outcome = Reply | PortOneError
Script = Callable[[int], Outcome | tuple[float, Outcome]]
"""The outcome of exchange n (1 is the first), or the seconds that it takes and the outcome."""


def reply(status: int, content: bytes = b"<html>", **headers: str) -> Reply:
    return Reply(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, content
    )


class ScriptedTransport(Transport):
    """Exchanges from a script, in the loop's own time and without a socket."""

    def __init__(self, script: Script, token: Script) -> None:
        self._script = script
        self._token = token
        self.is_closed = False
        self.sent: list[tuple[float, str, str | None]] = []
        """Time, target and ``Authorization`` of each exchange."""
        self.in_flight = 0
        self.most_in_flight = 0

    def times(self, start: str = "/payments") -> list[float]:
        return [time for time, path, _ in self.sent if path.startswith(start)]

    @property
    def tokens(self) -> list[float]:
        return self.times("/users/getToken")

    @property
    def is_here(self) -> bool:
        return True

    def open(self, loop: asyncio.AbstractEventLoop) -> None: ...

    async def close(self) -> None:
        self.is_closed = True

    async def send(
        self,
        method: str,
        target: str,
        *,
        headers: Mapping[str, str],
        deadline: float | None,
        **_: Any,
    ) -> Outcome:
        loop = asyncio.get_running_loop()
        self.sent.append((loop.time(), target, headers.get("Authorization")))
        is_token = target == "/users/getToken"
        number = len(self.tokens) if is_token else len(self.sent) - len(self.tokens)
        scripted = (self._token if is_token else self._script)(number)
        seconds, outcome = scripted if isinstance(scripted, tuple) else (0.0, scripted)
        self.in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self.in_flight)
        try:
            async with asyncio.timeout_at(deadline):
                await asyncio.sleep(seconds)
        except TimeoutError:
            return RequestTimeoutError("no answer in time")
        finally:
            self.in_flight -= 1
        # A copy: the call adds its history to the error.
        return copy.copy(outcome)


class RefusingThrottle:
    """A custom throttle that refuses once its permits are used up."""

    def __init__(self, left: int, error: Exception | None = None) -> None:
        self.left = left
        """How many permits it grants before it refuses."""
        self._error = error or TimeoutError("no permit is available")

    async def acquire(self, *, priority: bool = False) -> None:
        if self.left == 0:
            raise self._error
        self.left -= 1

    async def pause(self, seconds: float) -> None: ...

    async def close(self) -> None: ...


def token_reply(value: str = "t" * 40, lifetime: float = 1800, now: float = 1770000000) -> Reply:
    return reply(
        200,
        body(
            {
                "code": 0,
                "message": None,
                "response": {"access_token": value, "expired_at": now + lifetime, "now": now},
            }
        ),
    )


def scripted_client(
    script: Script = lambda _: PAID,
    token: Script = lambda n: token_reply(f"token{n}"),
    **options: Any,
) -> tuple[PortOneClient, ScriptedTransport]:
    transport = ScriptedTransport(script, token)

    class ScriptedClient(PortOneClient):
        def _make_transport(self, *_: object, **__: object) -> Transport:
            return transport

    return ScriptedClient("key", "secret", **options), transport


def series(*outcomes: Outcome | tuple[float, Outcome]) -> Script:
    """Return a script of these outcomes in order; the last one repeats for ever."""
    rest: Iterator[Any] = iter(outcomes)
    last: Any = None

    def script(_: int) -> Outcome | tuple[float, Outcome]:
        nonlocal last
        last = next(rest, last)
        return last  # type: ignore[no-any-return]  # of outcomes

    return script
