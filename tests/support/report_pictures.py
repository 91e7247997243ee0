"""Take the pictures of the guide for finance: ``python -m tests.support.report_pictures``.

They show the report of the guide's examples, in both languages. Needs Chromium, as the tests do.
"""

from __future__ import annotations

from base64 import b64decode
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from portone_async.cli.report.messages import LANGUAGES

from .examples import ROOT
from .finance_day import example_day
from .report_reader import Report, launched
from .report_run import PERIOD, summary_of

__all__ = ("PICTURES", "take_pictures")

PICTURES = ROOT / "docs" / "images"
_ON_SCREEN = {
    "headline": "header, .about, .headline, .cards",
    "bridge": "section:has(#bridge)",
    "differences": "#differences",
}
_ON_PAPER = {"signatures": ".sign-off"}
_WIDTH = 1120
"""Pixels: wide enough for the table of differences."""
_MARGIN = 12
_SCALE = 1.5
_BOX = """\
const boxes = [...document.querySelectorAll(arguments[0])].map((each) => each.getBoundingClientRect());
const left = Math.min(...boxes.map((box) => box.left)), top = Math.min(...boxes.map((box) => box.top));
const right = Math.max(...boxes.map((box) => box.right));
const bottom = Math.max(...boxes.map((box) => box.bottom));
return { x: left + scrollX, y: top + scrollY, width: right - left, height: bottom - top };"""


def take_pictures(folder: Path) -> None:
    """Write the pictures of both languages to a folder, as ``report-PART-LANGUAGE.webp``."""
    findings = example_day()
    ended = PERIOD[1] + timedelta(hours=9)
    run = {"started_at": ended - timedelta(seconds=4), "ended_at": ended, "seconds": 4.0}
    summary = replace(summary_of(findings), requests=18, retries=0, **run)
    with (
        TemporaryDirectory() as name,
        launched(Path(name, "browser")) as browser,
    ):
        report = Report(browser, Path(name))
        # Otherwise the page is wider in the picture than when it was measured.
        report.browser.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
        for language in LANGUAGES:
            report.open(
                findings,
                language=language,
                summary=summary,
                source="orders.csv",
                findings_file="findings.xlsx",
                created_at=ended,
            )
            report.show(width=_WIDTH)
            _take(report, folder, language, _ON_SCREEN)
            with report.on_paper():
                _take(report, folder, language, _ON_PAPER)


def _take(report: Report, folder: Path, language: str, parts: Mapping[str, str]) -> None:
    for part, selector in parts.items():
        box = report.browser.execute_script(_BOX, selector)
        clip = {
            "x": max(0, box["x"] - _MARGIN),  # On paper, the page has no margin here.
            "y": box["y"] - _MARGIN,
            "width": box["width"] + 2 * _MARGIN,
            "height": box["height"] + 2 * _MARGIN,
            "scale": _SCALE,
        }
        options = {"format": "webp", "quality": 80, "clip": clip, "captureBeyondViewport": True}
        picture = report.browser.execute_cdp_cmd("Page.captureScreenshot", options)["data"]
        (folder / f"report-{part}-{language}.webp").write_bytes(b64decode(picture))


if __name__ == "__main__":
    take_pictures(PICTURES)
