"""What calls feel of a token's renewal, of a pause that the server asks for, and of an outage.

``python benchmarks/outage.py`` prints a table. A hundred calls a second are made whatever became of
those before them, and the time of each runs from the moment in which it was due: a call that waits
is counted with its wait. Each client has a process of its own, and a fake PortOne in another; some
run side by side (``--at-once 1``: none, which takes four times as long).
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
"""The client's own: room for the calls and as many retries, not for three of each."""
_WARM_UP, _BEFORE = 1.0, 6.0
"""Seconds: what is before the one is not counted; the trouble begins at the other."""
_TOKEN_TAKES = 0.3
"""Seconds that the server takes for a token."""


class Trouble(Struct, frozen=True):
    """What happens to the server, and how it is well again."""

    name: str
    begin: Callable[[FakePortOne], object]
    lasts: float = 0.0
    """Seconds until the server is well; 0 for what happens in one moment."""
    after: float = 5.0
    """Seconds that calls go on for."""
    token_lifetime: float = 1800.0


_TROUBLES = {
    # Renewed 45 seconds before its end, a whole second; calls began when the token was there.
    "renewal": Trouble("token renewed in time", lambda _: None, token_lifetime=46 + _BEFORE),
    "revoked": Trouble("token refused (401)", FakePortOne.revoke_token),
    "pause": Trouble(
        "429, `Retry-After: 2`", lambda server: server.fail(TooManyRequests("2")), 2, 8
    ),
    "errors": Trouble("503", lambda server: server.fail(Status(503), times=None), 30, 40),
    "silence": Trouble("no answer", lambda server: server.fail(Hang(), times=None), 30, 45),
}


async def serve(trouble: Trouble) -> None:
    """Serve, and take orders from stdin: ``begin`` and ``end`` of the trouble."""
    readline = sys.stdin.readline
    async with FakePortOne(token_lifetime=trouble.token_lifetime) as server:
        server.add(merchant_uid="order-1", amount=1000)
        server.fail(Delay(_TOKEN_TAKES), times=None, on="/users/getToken")
        print(server.url, flush=True)
        while order := (await asyncio.to_thread(readline)).strip():
            if order == "begin":
                trouble.begin(server)
            elif order == "end" and trouble.lasts:
                server.clear_faults()
            print(json.dumps([len(server.requests), server.count("/users/getToken")]), flush=True)


class Server:
    """The process in which :func:`serve` runs."""

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

    async def told(self, order: str) -> tuple[int, int]:
        """Give an order; return how many requests came so far, and how many were for a token."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{order}\n".encode())
        requests, tokens = json.loads(await self._process.stdout.readline())
        return requests, tokens

    async def end(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()


class Made(Struct, frozen=True):
    """One call: when it was due, what it took from then on, and whether it had its answer."""

    due: float
    took: float
    is_answered: bool


class Load:
    """Calls that are due at fixed times, whatever becomes of those before them."""

    def __init__(self, client: PortOneClient) -> None:
        self._client = client
        self._under_way: set[asyncio.Task[None]] = set()
        self._now = asyncio.get_running_loop().time
        self._began_at = self._now()
        self.made: list[Made] = []
        self.most_under_way = 0

    async def until(self, seconds: float) -> None:
        """Sleep up to so many seconds after the start."""
        await asyncio.sleep(self._began_at + seconds - self._now())

    async def run(self, seconds: float) -> None:
        for number in range(int(seconds * _CALLS)):
            due = number / _CALLS
            # Late, it sleeps for 0 seconds, and soon has caught up.
            await self.until(due)
            task = asyncio.create_task(self._call(due))
            self._under_way.add(task)
            task.add_done_callback(self._under_way.discard)
            self.most_under_way = max(self.most_under_way, len(self._under_way))
        if self._under_way:
            # A call may take as long as its deadline, from its first permit on.
            await asyncio.wait(self._under_way)

    async def _call(self, due: float) -> None:
        try:
            await self._client.payments.find("order-1")
        except PortOneError:
            is_answered = False
        else:
            is_answered = True
        self.made.append(Made(due, self._now() - self._began_at - due, is_answered))


class Felt(Struct, frozen=True):
    """What came of a trouble. Times are in seconds."""

    before: tuple[float, float]
    """p50 and p99 of the calls that were due before it."""
    meanwhile: tuple[float, float]
    """The same, of those due while it lasted, or in its first second."""
    answered: float
    """The share of those that had their answer in the end."""
    lost_after: int
    """Calls that were due afterwards, and failed."""
    requests: int
    """Those that the server had while it lasted, or in its first second."""
    tokens: int
    """Requests for a token in the whole run, the first one included."""
    waiting: int
    """The most calls at once that had no end yet."""
    recovered: tuple[float | None, float | None]
    """From the server's return on: when p50, and p99, of the calls due in the second that follows
    are at most twice what they were before, and none of these calls fails."""


async def feel(name: str, *, has_budget: bool) -> Felt:
    """Make calls before, during and after a trouble."""
    trouble = _TROUBLES[name]
    server = await Server.start(name)
    retry = RetryPolicy() if has_budget else RetryPolicy(budget=None)
    options: dict[str, Any] = {"retry": retry, "rate_limit": _LIMIT, "base_url": server.url}
    shown = max(trouble.lasts, 1.0)
    async with PortOneClient(*_KEYS, **options) as client:
        await client.payments.find("order-1")
        load = Load(client)
        calls = asyncio.create_task(load.run(_BEFORE + trouble.lasts + trouble.after))
        await load.until(_BEFORE)
        first, _ = await server.told("begin")
        await load.until(_BEFORE + shown)
        last, _ = await server.told("end")
        await calls
        _, tokens = await server.told("count")
    await server.end()

    def due(since: float, until: float) -> list[Made]:
        return [call for call in load.made if since <= call.due < until]

    before = due(_WARM_UP, _BEFORE)
    meanwhile = due(_BEFORE, _BEFORE + shown)
    return Felt(
        before=(percentile(before, 50), percentile(before, 99)),
        meanwhile=(percentile(meanwhile, 50), percentile(meanwhile, 99)),
        answered=sum(call.is_answered for call in meanwhile) / len(meanwhile),
        lost_after=sum(not call.is_answered for call in due(_BEFORE + shown, 1e9)),
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


def row(trouble: str, felt: Felt, *, has_budget: bool) -> str:
    cells = (
        _TROUBLES[trouble].name,
        f"{_TROUBLES[trouble].lasts:.0f} s" if _TROUBLES[trouble].lasts else "",
        "yes" if has_budget else "no",
        both(felt.before),
        both(felt.meanwhile),
        f"{felt.answered:.1%}",
        f"{felt.lost_after:,}",
        f"{felt.requests:,}",
        f"{felt.tokens}",
        f"{felt.waiting:,}",
        " / ".join(
            f"{each:.1f} s" if each is not None else "not in time" for each in felt.recovered
        ),
    )
    return f"| {' | '.join(cells)} |"


def both(times: tuple[float, float]) -> str:
    return " / ".join(f"{each:.2f} s" if each >= 1 else f"{each * 1e3:.1f} ms" for each in times)


async def rows(troubles: Sequence[str], at_once: int) -> list[str]:
    """Run each trouble with and without the retry budget, so many clients at once."""
    places = asyncio.Semaphore(at_once)

    async def one(trouble: str, *, has_budget: bool) -> str:
        async with places:
            process = await asyncio.create_subprocess_exec(
                sys.executable, __file__, "feel", trouble, str(int(has_budget)), stdout=PIPE
            )
            output, _ = await process.communicate()
        if process.returncode:
            sys.exit(f"{trouble} ended with {process.returncode}")
        return row(trouble, msgspec.json.decode(output, type=Felt), has_budget=has_budget)

    return await asyncio.gather(
        *(one(trouble, has_budget=has) for trouble in troubles for has in (True, False))
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
    felt = asyncio.run(feel(trouble, has_budget=has_budget == "1"))
    sys.stdout.buffer.write(msgspec.json.encode(felt))


if __name__ == "__main__":
    if sys.argv[1:2] and sys.argv[1] in ("serve", "feel"):
        run_child(*sys.argv[1:])
    else:
        main()
