"""Two charts of a currency: money by verdict, money by time. Lengths are floats, figures exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from markupsafe import Markup
from matplotlib.figure import Figure

from portone_async.reconcile.bridge import Bridge, total
from portone_async.reconcile.finding import Verdict

from .money import written
from .span import Unit, steps
from .svg import inline
from .tally import Flow

__all__ = ("by_time", "by_verdict", "in_question")

_WIDTH = 440.0
"""Pixels: a phone's; where there is more room, the page makes it larger."""
_ROW, _BAR = 44.0, 10.0
_PANELS = ((34.0, 150.0, "chart.all"), (230.0, 100.0, "chart.differing"))
"""Top and height of the panels, in pixels, and what they show."""
_TIME_HEIGHT = 358.0


class _Drawing:
    """A figure in pixels from its upper left corner, with marks for what is drawn into it."""

    def __init__(self, height: float) -> None:
        # matplotlib's types say little about what it draws.
        figure: Any = Figure(figsize=(_WIDTH / 72, height / 72), dpi=72)
        self._figure: Figure = figure
        self._axes: Any = figure.add_axes((0, 0, 1, 1), xlim=(0, _WIDTH), ylim=(height, 0))
        self._axes.axis("off")
        self._marks: dict[str, tuple[str, str]] = {}

    def bar(self, kind: str, box: tuple[float, float, float, float], tip: str = "") -> None:
        """A bar of left, top, width, height."""
        left, top, width, height = box
        (bar,) = self._axes.bar(left, height, width, top, align="edge")
        self._mark(bar, kind, tip)

    def line(self, top: float) -> None:
        (line,) = self._axes.plot((0, _WIDTH), (top, top))
        self._mark(line, "rule", "")

    def text(self, kind: str, left: float, top: float, text: str, align: str = "left") -> None:
        # The style sheet turns the kind into the same alignment, in the reader's font.
        drawn = self._axes.text(left, top, text, ha="left", va="baseline", parse_math=False)
        self._mark(drawn, f"{kind} {align}", "")

    def finished(self, words: Mapping[str, str]) -> Markup:
        return inline(self._figure, self._marks, words=words)

    def _mark(self, artist: Any, kind: str, tip: str) -> None:
        gid = f"mark-{len(self._marks)}"
        artist.set_gid(gid)
        artist.set_clip_on(False)
        self._marks[gid] = (kind, tip)


def in_question(bridge: Bridge) -> Decimal:
    """Add up the money in question: short, over, unknown and unassigned, not netted."""
    return total(bridge.short, bridge.over, bridge.unknown, bridge.unassigned)


def by_verdict(
    amounts: Mapping[Verdict, Decimal],
    currency: str,
    tones: Mapping[Verdict, str],
    words: Mapping[str, str],
) -> Markup:
    """Bars of the money in question, by verdict, in the order of the verdicts.

    Args:
        amounts: In one currency. Leave matched money out: it would dwarf the rest.
        currency: Of the amounts.
        tones: The class of each verdict's bar.
        words: The page's texts.
    """
    drawing = _Drawing(_ROW * len(amounts))
    longest = max(amounts.values())
    for number, (verdict, amount) in enumerate(amounts.items()):
        top = number * _ROW
        length = max(2.0, _WIDTH * _part(amount, longest))
        drawing.text("word", 0, top + 18, f"verdict.{verdict}")
        drawing.text("figure", _WIDTH, top + 18, written(amount, currency), "right")
        drawing.bar("track", (0, top + 25, _WIDTH, _BAR))
        drawing.bar(f"bar {tones[verdict]}", (0, top + 25, length, _BAR))
    return drawing.finished(words)


def by_time(
    flows: Mapping[datetime, Flow], currency: str, unit: Unit, words: Mapping[str, str]
) -> Markup:
    """Columns of what was charged by time, and below them of the money in question.

    Each has a scale of its own: a difference would not be seen on the other's.

    Args:
        flows: What belongs to each piece of time; those without any may be left out.
        currency: The currency to show.
        unit: What the pieces are.
        words: The page's texts.
    """
    begins = steps(unit, flows.keys())
    drawing = _Drawing(_TIME_HEIGHT)
    empty, nothing = Flow(), Bridge()
    bridges = [flows.get(begin, empty).ledger.bridges().get(currency, nothing) for begin in begins]
    panels = {
        "all": [bridge.charged for bridge in bridges],
        "differing": [in_question(bridge) for bridge in bridges],
    }
    for (kind, sums), (top, height, title) in zip(panels.items(), _PANELS, strict=True):
        columns = list(zip(map(unit.named, begins), sums, strict=True))
        drawing.text("word", 0, top - 14, title)
        _columns(drawing, f"column {kind}", (top, height), columns, currency)
    for left, name in _ticks(unit, begins):
        drawing.text("tick", left, _TIME_HEIGHT - 10, name, "middle")
    return drawing.finished(words)


def _columns(
    drawing: _Drawing,
    kind: str,
    panel: tuple[float, float],
    columns: Sequence[tuple[str, Decimal]],
    currency: str,
) -> None:
    top, height = panel
    highest = max(amount for _, amount in columns)
    drawing.line(top + height)
    drawing.text("figure", _WIDTH, top - 14, written(highest, currency), "right")
    if highest <= 0:
        return
    drawing.line(top)
    room = _WIDTH / len(columns)
    for number, (tip, amount) in enumerate(columns):
        if amount > 0:
            tall = max(1.0, height * _part(amount, highest))
            box = (room * (number + 0.1), top + height - tall, room * 0.8, tall)
            drawing.bar(kind, box, f"{tip}  {written(amount, currency)}")


def _ticks(unit: Unit, begins: Sequence[datetime]) -> list[tuple[float, str]]:
    """Where names stand below the columns: as many as there is room for, evenly."""
    room = _WIDTH / len(begins)
    every = -(-len(begins) * 62 // int(_WIDTH)) if room < 62 else 1
    return [
        (room * (number + 0.5), unit.short(begins[number]))
        for number in range(0, len(begins), every)
    ]


def _part(amount: Decimal, whole: Decimal) -> float:
    return max(0.0, float(amount / whole)) if whole > 0 else 0.0
