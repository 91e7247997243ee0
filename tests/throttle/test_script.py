"""The script of a shared throttle, on real servers, beside a model in Python."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis import Redis
from redis.commands.core import Script

from portone_async.throttle.valkey._store import SCRIPT
from tests.support.gcra import Gcra, Request
from tests.support.store_server import SERVERS, store_server

# The script at a time that the test sets.
_TIMED = SCRIPT.replace("redis.call('TIME')", "{ARGV[9], ARGV[10]}")
_START = 1_790_000_000_000_000  # Microseconds, as in 2026: 16 digits.
_LONGEST = 600_000_000
_KEYS = ("state", "usage")


class Server:
    """The script on a server, at a virtual time."""

    def __init__(self, client: Redis) -> None:
        self.client = client
        self._script: Script = client.register_script(_TIMED)  # pyright: ignore[reportUnknownMemberType]  # of any script

    def clear(self) -> None:
        self.client.delete(*_KEYS)

    def ask(self, request: Request, now: int) -> list[int]:
        time = divmod(now, 1_000_000)
        answer: Any = self._script(keys=_KEYS, args=[*request.args(), *time])
        return [int(number) for number in answer]


@pytest.fixture(name="server", scope="module", params=SERVERS)
def _server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder: Path = tmp_path_factory.mktemp("store")
    with store_server(request.param, folder) as server, Redis(port=server.port) as client:
        yield Server(client)


@pytest.fixture(autouse=True)
def _empty(server: Server) -> None:
    server.clear()


def test_script_reads_the_clock_once() -> None:
    assert SCRIPT.count("redis.call('TIME')") == 1


requests = st.builds(
    Request,
    interval=st.sampled_from([20_000, 1_000, 333_334]),
    tau=st.sampled_from([0, 40_000, 2_000]),
    want=st.integers(0, 30),
    horizon=st.sampled_from([1_000_000, 300_000]),
    pause=st.sampled_from([0, 0, 0, 0, 5_000, 700_000]),
    longest=st.just(_LONGEST),
    alone=st.sampled_from([False, False, False, True]),
)
# Microseconds between two requests: often none; sometimes the clock steps.
steps = st.one_of(
    st.sampled_from([0, 1, 20_000, 999_999]),
    st.integers(0, 3_000_000),
    st.sampled_from([3_600_000_000, -1_000_000, -3_600_000_000]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(requests, steps), min_size=1, max_size=30))
def test_script_agrees_with_the_model(server: Server, history: list[tuple[Request, int]]) -> None:
    server.clear()
    model, now = Gcra(), _START
    for request, step in history:
        now += step
        assert server.ask(request, now) == model.ask(request, now)


def request(want: int = 1, **changes: Any) -> Request:
    """Return a request at 50 a second with a burst of 5."""
    usual = Request(20_000, 40_000, want, 1_000_000, 0, _LONGEST, alone=False)
    return replace(usual, **changes)


def test_empty_store_gives_no_credit(server: Server) -> None:
    assert server.ask(request(3), _START) == [3, 0, 0]  # Now, and two that lie ahead.
    assert server.ask(request(1), _START) == [1, 60_000, 0]


def test_idle_store_gives_the_credit_of_the_burst(server: Server) -> None:
    server.ask(request(1), _START)
    assert server.ask(request(5), _START + 10_000_000) == [5, -40_000, 0]


def test_process_that_was_alone_gets_no_credit(server: Server) -> None:
    server.ask(request(1), _START)
    assert server.ask(request(1, alone=True), _START + 10_000_000) == [1, 0, 0]


def test_full_horizon_is_refused_until_a_slot_fits(server: Server) -> None:
    assert server.ask(request(100), _START) == [51, 0, 0]
    assert server.ask(request(1), _START) == [0, 20_000, 0]
    assert server.ask(request(1), _START + 20_000) == [1, 1_000_000, 0]


def test_pause_of_one_process_stops_all(server: Server) -> None:
    server.ask(request(0, pause=2_000_000), _START)
    server.ask(request(0, pause=1_000_000), _START)  # A shorter one takes nothing away.
    assert server.ask(request(1), _START + 500_000) == [0, 0, 1_500_000]
    # Right after it there is no burst.
    assert server.ask(request(1), _START + 2_000_000) == [1, 0, 0]
    assert server.ask(request(1), _START + 2_000_000) == [1, 20_000, 0]


@pytest.mark.parametrize("pause", [0, 90_000_000])
def test_time_of_a_faster_clock_is_forgotten(server: Server, pause: int) -> None:
    server.ask(request(40, pause=pause), _START + 3_600_000_000)
    # The clock was set back by an hour, or another server took over.
    assert server.ask(request(1), _START) == [1, 0, 0]


def test_state_and_usage_expire(server: Server) -> None:
    server.ask(request(40), _START)
    assert 30_000 < server.client.pttl("state") <= 60_840
    assert 7_000_000 < server.client.pttl("usage") <= 7_200_000
    server.ask(request(0, pause=500_000_000), _START)
    assert 500_000 < server.client.pttl("state") <= 560_040


def test_usage_counts_slots_by_worker(server: Server) -> None:
    server.ask(request(3, worker="a"), _START)
    server.ask(request(2, worker="b"), _START)
    server.ask(request(1, worker="a"), _START)
    assert server.client.hgetall("usage") == {b"a": b"4", b"b": b"2"}
