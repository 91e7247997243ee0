"""matplotlib's drawings, made part of a page: its colours, its words, no style and no id."""

from __future__ import annotations

import io
import xml.etree.ElementTree as ET
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any

import matplotlib as mpl
from markupsafe import Markup
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

__all__ = ("Marks", "inline", "own_style")

_SVG = "{http://www.w3.org/2000/svg}"
# What says where something is; how it looks is the business of the page's style sheet.
_KEPT = frozenset({"d", "x", "y"})

Marks = Mapping[str, tuple[str, str]]
"""By the ``gid`` of what was drawn: its class, and the tip that it shows when pointed at."""


@contextmanager
def own_style() -> Generator[None]:
    """While it lasts, the settings of the user's own matplotlib count for nothing."""
    with mpl.rc_context():  # pyright: ignore[reportUnknownMemberType] (matplotlib's types)
        mpl.rcdefaults()
        # Text stays text: the reader's font has Korean, matplotlib's own has not.
        mpl.rcParams["svg.fonttype"] = "none"
        yield


def inline(figure: Figure, marks: Marks, *, words: Mapping[str, str]) -> Markup:
    """The figure as an ``svg`` element.

    A content security policy forbids the ``style`` attributes that matplotlib writes, a dark
    page would drown its colours, and a second chart on the page would repeat its ids. So only
    geometry is kept, and what has a mark in ``marks`` gets its class.

    Args:
        figure: A figure of 72 dots per inch, where a point is a pixel, made in our own style.
        marks: What to keep: all else is left out.
        words: A text that is a key of these becomes the word, which the page can switch.
    """
    drawn = io.StringIO()
    canvas: Any = FigureCanvasSVG(figure)
    canvas.print_svg(drawn)
    source = ET.fromstring(drawn.getvalue())  # noqa: S314 (matplotlib wrote it, just now)
    svg = ET.Element("svg", {"viewBox": source.attrib["viewBox"], "aria-hidden": "true"})
    for group in source.iter(f"{_SVG}g"):
        if (mark := marks.get(group.attrib.get("id", ""))) is not None:
            svg.append(_group(group, *mark, words=words))
    return Markup(ET.tostring(svg, encoding="unicode"))  # noqa: S704 (ElementTree escapes)


def _group(drawn: ET.Element, name: str, tip: str, *, words: Mapping[str, str]) -> ET.Element:
    group = ET.Element("g", {"class": name})
    if tip:
        ET.SubElement(group, "title").text = tip
    for shape in drawn:
        tag = shape.tag.removeprefix(_SVG)
        kept = {key: value for key, value in shape.attrib.items() if key in _KEPT}
        if "d" in kept:
            kept["d"] = " ".join(kept["d"].split())
        child = ET.SubElement(group, tag, kept)
        child.text = shape.text
        if (key := shape.text or "") in words:
            child.text = words[key]
            child.set("data-text", key)
    return group
