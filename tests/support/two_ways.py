"""Make the same exchanges on both ways, and compare what comes of them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

from aiohttp import ClientSession, ClientTimeout

from portone_async import PortOneError
from portone_async._http.reply import Reply
from portone_async._http.transport import Transport

from .fault_server import answer
from .forced_way import WAYS, Way, forced
from .in_memory import InMemory, Piece
from .virtual_time import run

__all__ = ("Outcome", "Trace", "assert_alike", "exchanges", "send", "traces_in_memory")

BASE_URL = "http://127.0.0.1"
SECONDS = 5.0
"""Of patience for a response."""


class Outcome(NamedTuple):
    """What a caller sees of one exchange."""

    kind: str
    text: str
    was_sent: bool | None = None
    status: int | None = None
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""


class Trace(NamedTuple):
    """What a caller and the server see of some exchanges, one after the other."""

    outcomes: tuple[Outcome, ...]
    requests: tuple[tuple[str, ...], ...]
    """The lines of each request. The order of headers has no meaning, nor has their case."""
    connections: int
    """How many were made."""
    left_open: int
    """How many are open before the client is closed."""

    @property
    def unsent(self) -> int:
        """How many exchanges failed before anything was sent."""
        return sum(outcome.was_sent is False for outcome in self.outcomes)


def outcome_of(result: Reply | PortOneError) -> Outcome:
    if isinstance(result, Reply):
        headers: Any = result.headers
        return Outcome("Reply", "", None, result.status, tuple(headers.items()), result.body)
    return Outcome(
        type(result).__name__,
        result.reason,
        getattr(result, "was_sent", None),
        getattr(result, "status", None),
    )


def lines_of(request: bytes) -> tuple[str, ...]:
    """Return the request line, the headers in order of their names, and the body."""
    head, _, body = request.partition(b"\r\n\r\n")
    first, *headers = head.decode("latin-1").split("\r\n")
    pairs = (line.partition(": ") for line in headers)
    return (
        first,
        *sorted(f"{name.lower()}: {value}" for name, _, value in pairs),
        body.decode("latin-1"),
    )


async def send(
    transport: Transport,
    method: str = "GET",
    target: str = "/payments/find/order-1",
    *,
    body: bytes | None = None,
    seconds: float | None = SECONDS,
    token: str = "token-1",
) -> Outcome:
    """Make one exchange."""
    headers = {"Authorization": f"Bearer {token}"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    now = asyncio.get_running_loop().time()
    result = await transport.send(
        method,
        target,
        headers=headers,
        body=body,
        deadline=None if seconds is None else now + seconds,
        client_timeout=ClientTimeout(total=None, connect=SECONDS),
    )
    return outcome_of(result)


Script = Callable[[int], Iterable[Piece]]


async def exchanges(
    way: Way, script: Script, requests: Sequence[dict[str, Any]] = ({}, {}), *, unread: int = 0
) -> Trace:
    """Send these requests one after the other, each over a connection that may be reused."""
    connector = InMemory(script, unread=unread)
    with forced(way) as counts:
        async with ClientSession(connector=connector) as session:
            transport = Transport(BASE_URL, 1, session)
            transport.open(asyncio.get_running_loop())
            outcomes: list[Outcome] = []
            for request in requests:
                outcomes.append(await send(transport, **request))
                assert not connector.acquired
                # What follows a response arrives before the next request is sent.
                while not connector.is_quiet:
                    await asyncio.sleep(0)
            left_open = connector.open
            await transport.close()
        assert set(+counts) == {way}
        await asyncio.sleep(0)
        assert not connector.open
    return Trace(
        tuple(outcomes),
        tuple(map(lines_of, connector.requests)),
        len(connector.connections),
        left_open,
    )


def traces_in_memory(
    script: Script, requests: Sequence[dict[str, Any]] = ({}, {})
) -> dict[Way, Trace]:
    """Return the trace of each way, in virtual time."""
    return {way: run(exchanges(way, script, requests)) for way in WAYS}


def script_of(pieces: Iterable[Piece]) -> Script:
    """Send these to the first request, and a right answer to each one after it."""
    first = list(pieces)

    def script(number: int) -> Iterable[Piece]:
        return first if number == 1 else [answer(b"reply %d" % number)]

    return script


def assert_alike(pieces: Iterable[Piece]) -> Trace:
    """Check that both ways come to the same, and take no response for that of another request."""
    direct, session = traces_in_memory(script_of(pieces), ({}, {}, {})).values()
    assert direct.outcomes[0] == session.outcomes[0]
    if session.unsent:
        # The session returns a connection to the pool at the end of a body, before aiohttp has
        # parsed what follows in the same bytes. So it finds out only when it takes it out again.
        assert session.unsent == 1
        assert direct.connections == session.connections
    else:
        assert direct == session
    for trace in (direct, session):
        replies = [outcome.body for outcome in trace.outcomes[1:] if outcome.kind == "Reply"]
        assert replies == [b"reply %d" % number for number in range(2, len(trace.requests) + 1)]
        assert len(replies) + trace.unsent == 2
    return direct
