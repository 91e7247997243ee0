"""``Pace`` and ``View``: the rate, the time left, and the counters of a run."""

from __future__ import annotations

from decimal import Decimal
from io import StringIO
from pathlib import Path

from rich.console import Console

from portone_async.cli.pace import Pace, format_duration
from portone_async.cli.reconcile.view import View
from portone_async.errors import Attempt
from portone_async.reconcile import Finding, Order, Store, Verdict


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_rate_counts_the_last_half_minute() -> None:
    clock = Clock()
    pace = Pace(clock)
    pace.advance(10_000)
    clock.now += 1
    assert pace.rate() == 10_000
    for _ in range(60):
        clock.now += 1
        pace.advance(2)
        pace.rate()
    assert pace.rate() == 2
    assert pace.seconds_left(50) == 25


def test_rate_falls_to_zero_while_nothing_moves() -> None:
    clock = Clock()
    pace = Pace(clock)
    assert pace.rate() == 0
    clock.now += 10
    pace.advance(10)
    assert pace.rate() == 1
    clock.now += 31
    pace.rate()
    clock.now += 31
    assert pace.rate() == 0
    assert pace.seconds_left(5) is None


def test_old_burst_does_not_change_the_time_left() -> None:
    clock = Clock()
    pace = Pace(clock)
    clock.now += 1
    pace.advance(100_000)
    pace.rate()
    for _ in range(40):
        clock.now += 1
        pace.advance()
        pace.rate()
    assert pace.seconds_left(60) == 60


def test_memory_of_pace_is_bounded() -> None:
    clock = Clock()
    pace = Pace(clock)
    for _ in range(10_000):
        clock.now += 0.1
        pace.rate()
    assert len(pace._points) < 310


def test_duration_is_formatted_like_a_clock() -> None:
    assert [format_duration(seconds) for seconds in (None, 5, 65, 3725)] == [
        "-:--",
        "00:05",
        "01:05",
        "1:02:05",
    ]


def finding(uid: str) -> Finding:
    return Finding(merchant_uid=uid, verdict=Verdict.MATCHED, order=Order(uid, Decimal(1)))


def render(view: View) -> str:
    console = Console(file=StringIO(), width=100)
    with console.capture() as captured:
        console.print(*view._progress.get_renderables())
    return captured.get()


def view_of(progress: tuple[int, int]) -> View:
    return View(Console(file=StringIO(), force_terminal=True, width=100), progress)


def test_resumed_run_counts_no_order_twice() -> None:
    view = view_of((20, 50))
    view.add_orders(50)  # The file is read again from its start.
    assert "20/50" in render(view)
    view.count_finding(finding("a"))
    assert "21/50" in render(view)
    view.add_orders(10)
    assert "21/60" in render(view)
    view.count_matched(30)
    assert "51/60" in render(view)


def test_resumed_run_starts_with_rate_zero() -> None:
    text = render(view_of((20, 50)))
    assert "0 orders/s" in text
    assert "-:--" in text


def test_unchecked_order_does_not_count_as_done(tmp_path: Path) -> None:
    orders = [Order(uid, Decimal(1)) for uid in "abc"]
    with Store.open(tmp_path / "run.db") as store:
        store.add_orders(orders)
        store.record([finding("a")])
        unknown = Finding(
            merchant_uid="b", verdict=Verdict.NOT_CHECKED, order=orders[1], error="no network"
        )
        store.record([unknown])
        assert store.progress() == (1, 3)


def test_confirmations_are_counted_during_the_run() -> None:
    view = view_of((0, 0))
    for route in ("/payments", "/payments/findAll/{merchant_uid}"):
        view.count_attempt(
            Attempt(
                method="GET", route=route, number=1, status=200, error=None, elapsed=0.1, wait=None
            )
        )
    assert "requests 2   confirmations 1" in render(view)
