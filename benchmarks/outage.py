"""Measure calls during a token renewal, a pause requested by the server, and an outage.

``python benchmarks/outage.py`` prints a table. A hundred calls a second start regardless of earlier
calls, and the time of each call is measured from the moment it is due, so it includes any wait.
Each client runs in its own process, and its fake PortOne in another. Several clients run at once;
``--at-once 1`` runs one at a time, which takes four times as long.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from collections.abc import Callable, Sequence
from subprocess import PIPE
from typing import Any

import msgspec
from msgspec import Struct

from portone_async import PortOneClient, PortOneError, RateLimit, RetryPolicy
from portone_async.testing import Delay, FakePortOne, Hang, Status, TooManyRequests

_KEYS = ("7700000000000001", "fake-imp-secret-of-a-shop-that-is-not")
_CALLS = 100
"""Calls due in a second."""
_LIMIT = RateLimit(200, burst=20)
"""The client's rate limit: room for each call and one retry, not for three attempts."""
_WARM_UP, _BEFORE = 1.0, 6.0
"""Seconds: calls before the first are not counted; the trouble begins at the second."""
_TOKEN_TAKES = 0.3
"""Seconds that the server takes to issue a token."""


class Trouble(Struct, frozen=True):
    """A fault of the server, and how long it lasts."""

    name: str
    begin: Callable[[FakePortOne], object]
    lasts: float = 0.0
    """Seconds until the server recovers; 0 for an instantaneous fault."""
    after: float = 5.0
    """Seconds for which calls continue afterwards."""
    token_lifetime: float = 1800.0


_TROUBLES = {
    # A token is renewed 45 seconds before its end (a whole second); calls begin once it exists.
    "renewal": Trouble("token renewed in time", lambda _: None, token_lifetime=46 + _BEFORE),
    "revoked": Trouble("token refused (401)", FakePortOne.revoke_token),
    "pause": Trouble(
        "429, `Retry-After: 2`", lambda server: server.fail(TooManyRequests("2")), 2, 8
    ),
    "errors": Trouble("503", lambda server: server.fail(Status(503), times=None), 30, 40),
    "silence": Trouble("no answer", lambda server: server.fail(Hang(), times=None), 30, 45),
}


async def serve(trouble: Trouble) -> None:
    """Serve, and read commands from stdin: ``begin`` and ``end`` of the trouble."""
    readline = sys.stdin.readline
    async with FakePortOne(token_lifetime=trouble.token_lifetime) as server:
        server.add(merchant_uid="order-1", amount=1000)
        server.fail(Delay(_TOKEN_TAKES), times=None, on="/users/getToken")
        print(server.url, flush=True)
        while command := (await asyncio.to_thread(readline)).strip():
            if command == "begin":
                trouble.begin(server)
            elif command == "end" and trouble.lasts:
                server.clear_faults()
            print(json.dumps([len(server.requests), server.count("/users/getToken")]), flush=True)


class Server:
    """The process that runs :func:`serve`."""

    def __init__(self, process: asyncio.subprocess.Process, url: str) -> None:
        self._process = process
        self.url = url

    @classmethod
    async def start(cls, trouble: str) -> Server:
        process = await asyncio.create_subprocess_exec(
            sys.executable, __file__, "serve", trouble, stdin=PIPE, stdout=PIPE
        )
        assert process.stdout is not None
        return cls(process, (await process.stdout.readline()).decode().strip())

    async def send(self, command: str) -> tuple[int, int]:
        """Send a command; return the number of requests so far, and how many were for a token."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{command}\n".encode())
        requests, tokens = json.loads(await self._process.stdout.readline())
        return requests, tokens

    async def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()


class Made(Struct, frozen=True):
    """One call: when it was due, the seconds from then on, and whether it succeeded."""

    due: float
    took: float
    is_answered: bool


class Load:
    """Start calls at fixed times, regardless of earlier calls."""

    def __init__(self, client: PortOneClient) -> None:
        self._client = client
        self._under_way: set[asyncio.Task[None]] = set()
        self._now = asyncio.get_running_loop().time
        self._began_at = self._now()
        self.made: list[Made] = []
        self.most_under_way = 0

    async def until(self, seconds: float) -> None:
        """Sleep until a number of seconds after the start."""
        await asyncio.sleep(self._began_at + seconds - self._now())

    async def run(self, seconds: float) -> None:
        for number in range(int(seconds * _CALLS)):
            due = number / _CALLS
            # If late, sleep 0 seconds and catch up.
            await self.until(due)
            task = asyncio.create_task(self._call(due))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            self.most_under_way = max(self.most_under_way, len(self._under_way))
        if self._under_way:
            # A call may take until its deadline, which starts with its first permit.
            await asyncio.wait(self._under_way)

    async def _call(self, due: float) -> None:
        try:
            await self._client.payments.find("order-1")
        except PortOneError:
            is_answered = False
        else:
            is_answered = True
        self.made.append(Made(due, self._now() - self._began_at - due, is_answered))


class Impact(Struct, frozen=True):
    """The effect of a trouble on calls. Times are in seconds."""

    before: tuple[float, float]
    """p50 and p99 of the calls due before the trouble."""
    meanwhile: tuple[float, float]
    """p50 and p99 of the calls due during the trouble, or in its first second."""
    answered: float
    """The share of the latter calls that succeeded."""
    lost_after: int
    """Failed calls that were due after the trouble."""
    requests: int
    """Requests that the server received during the trouble, or in its first second."""
    tokens: int
    """Token requests in the whole run, including the first."""
    waiting: int
    """The most calls in flight at once."""
    recovered: tuple[float | None, float | None]
    """Seconds after the server's recovery until p50, and p99, of the calls due in the next second are
    at most twice those before the trouble, and no such call fails."""


async def measure(name: str, *, has_budget: bool) -> Impact:
    """Make calls before, during and after a trouble."""
    trouble = _TROUBLES[name]
    server = await Server.start(name)
    retry = RetryPolicy() if has_budget else RetryPolicy(budget=None)
    options: dict[str, Any] = {"retry": retry, "rate_limit": _LIMIT, "base_url": server.url}
    counted = max(trouble.lasts, 1.0)
    async with PortOneClient(*_KEYS, **options) as client:
        await client.payments.find("order-1")
        load = Load(client)
        calls = asyncio.create_task(load.run(_BEFORE + trouble.lasts + trouble.after))
        await load.until(_BEFORE)
        first, _ = await server.send("begin")
        await load.until(_BEFORE + counted)
        last, _ = await server.send("end")
        await calls
        _, tokens = await server.send("count")
    await server.end()

    def due(since: float, until: float) -> list[Made]:
        return [call for call in load.made if since <= call.due < until]

    before = due(_WARM_UP, _BEFORE)
    meanwhile = due(_BEFORE, _BEFORE + counted)
    return Impact(
        before=(percentile(before, 50), percentile(before, 99)),
        meanwhile=(percentile(meanwhile, 50), percentile(meanwhile, 99)),
        answered=sum(call.is_answered for call in meanwhile) / len(meanwhile),
        lost_after=sum(not call.is_answered for call in due(_BEFORE + counted, 1e9)),
        requests=last - first,
        tokens=tokens,
        waiting=load.most_under_way,
        recovered=(
            recovered(due, 50, percentile(before, 50), trouble),
            recovered(due, 99, percentile(before, 99), trouble),
        ),
    )


def percentile(calls: list[Made], percent: int) -> float:
    times = sorted(call.took for call in calls)
    return times[min(len(times) - 1, len(times) * percent // 100)]


def recovered(
    due: Callable[[float, float], list[Made]], percent: int, before: float, trouble: Trouble
) -> float | None:
    returned_at = _BEFORE + trouble.lasts
    for step in range(int((trouble.after - 1) * 10) + 1):
        since = returned_at + step / 10
        calls = due(since, since + 1)
        if all(call.is_answered for call in calls) and percentile(calls, percent) <= 2 * before:
            return step / 10
    return None


def row(trouble: str, impact: Impact, *, has_budget: bool) -> str:
    cells = (
        _TROUBLES[trouble].name,
        f"{_TROUBLES[trouble].lasts:.0f} s" if _TROUBLES[trouble].lasts else "",
        "yes" if has_budget else "no",
        both(impact.before),
        both(impact.meanwhile),
        f"{impact.answered:.1%}",
        f"{impact.lost_after:,}",
        f"{impact.requests:,}",
        f"{impact.tokens}",
        f"{impact.waiting:,}",
        " / ".join(
            f"{seconds:.1f} s" if seconds is not None else "not in time"
            for seconds in impact.recovered
        ),
    )
    return f"| {' | '.join(cells)} |"


def both(times: tuple[float, float]) -> str:
    return " / ".join(f"{time:.2f} s" if time >= 1 else f"{time * 1e3:.1f} ms" for time in times)


async def rows(troubles: Sequence[str], at_once: int) -> list[str]:
    """Run each trouble with and without the retry budget, a number of clients at once."""
    places = asyncio.Semaphore(at_once)

    async def run_one(trouble: str, *, has_budget: bool) -> str:
        async with places:
            process = await asyncio.create_subprocess_exec(
                sys.executable, __file__, "measure", trouble, str(int(has_budget)), stdout=PIPE
            )
            output, _ = await process.communicate()
        if process.returncode:
            sys.exit(f"{trouble} ended with {process.returncode}")
        return row(trouble, msgspec.json.decode(output, type=Impact), has_budget=has_budget)

    return await asyncio.gather(
        *(run_one(trouble, has_budget=has) for trouble in troubles for has in (True, False))
    )


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("troubles", nargs="*", metavar="|".join(_TROUBLES), help="default: all")
    parser.add_argument("--at-once", type=int, default=4, metavar="N", help="clients")
    options = parser.parse_args(arguments)
    if unknown := set(options.troubles) - set(_TROUBLES):
        parser.error(f"no such trouble: {', '.join(sorted(unknown))}")
    print(
        "| Trouble | lasts | Budget | p50 / p99 before | p50 / p99 meanwhile | answered"
        " | failed after | Requests | Tokens | most waiting | p50 / p99 back after |\n"
        "|---|---:|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    )
    print("\n".join(asyncio.run(rows(options.troubles or list(_TROUBLES), options.at_once))))


def run_child(role: str, trouble: str, has_budget: str = "0") -> None:
    if role == "serve":
        asyncio.run(serve(_TROUBLES[trouble]))
        return
    impact = asyncio.run(measure(trouble, has_budget=has_budget == "1"))
    sys.stdout.buffer.write(msgspec.json.encode(impact))


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in ("serve", "measure"):
        run_child(*sys.argv[1:])
    else:
        main()
