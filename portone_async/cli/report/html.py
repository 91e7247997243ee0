"""The page itself: one file that loads nothing, and runs nothing but what it came with.

jinja2 escapes whatever stands in the template. What stands in the script's data is JSON without
a ``<``; the script shows it as text and never as HTML, and the page's content security policy
holds the script, and whatever might have come in, to that.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterator
from hashlib import sha256

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup
from msgspec import Struct
from msgspec.structs import asdict

from portone_async.reconcile.finding import Summary, Verdict

from .figures import Figures
from .row import embedded
from .tally import Tally
from .words import LANGUAGES, Language, resource, sayer, words

__all__ = ("About", "page")

_TONES = {
    Verdict.MATCHED: "good",
    Verdict.MISSING: "bad",
    Verdict.AMOUNT_DIFFERS: "bad",
    Verdict.CURRENCY_DIFFERS: "bad",
    Verdict.STATUS_DIFFERS: "odd",
    Verdict.PARTIALLY_CANCELLED: "odd",
    Verdict.PAID_TWICE: "bad",
    Verdict.TEST_PAYMENT: "odd",
    Verdict.ORPHAN: "bad",
    Verdict.NOT_CHECKED: "unknown",
}
# Beside the words and the colours, for those who skim and for those who see no colours.
_SIGNS = {
    Verdict.MATCHED: "✓",
    Verdict.MISSING: "∅",
    Verdict.AMOUNT_DIFFERS: "≠",
    Verdict.CURRENCY_DIFFERS: "¤",
    Verdict.STATUS_DIFFERS: "↔",
    Verdict.PARTIALLY_CANCELLED: "½",
    Verdict.PAID_TWICE: "2",
    Verdict.TEST_PAYMENT: "T",
    Verdict.ORPHAN: "+",
    Verdict.NOT_CHECKED: "?",
}

SCRIPTS = ("address.js", "csv.js", "report.js")
"""The page's script, in parts: the first ones are pure, and the last uses them."""


class About(Struct, frozen=True):
    """What the page says of itself, fit to be shown."""

    title: str | None
    period: tuple[str, str] | None
    source: str | None
    began: str | None
    ended: str | None
    zone: str
    created: str
    version: str
    assumed_empty: list[str]
    """Periods that PortOne refused to list."""


def page(summary: Summary, tally: Tally, about: About, language: Language | None) -> Iterator[str]:
    """The page in pieces.

    Args:
        summary: The figures of the run.
        tally: Its findings, gone through.
        about: What the page says of itself.
        language: The language that it opens in; ``None`` for the browser's.
    """
    figures = Figures(summary, tally)
    first = language or LANGUAGES[0]
    environment = Environment(
        loader=FunctionLoader(resource),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style, script = resource("report.css"), "\n".join(map(resource, SCRIPTS))
    texts = {each: words(each) for each in LANGUAGES}
    settings = {
        "language": language,
        "verdicts": [[each, _TONES[each], _SIGNS[each]] for each in Verdict],
    }
    stream = environment.get_template("report.html").stream(
        asdict(about),
        policy=_policy(style, script),
        style=Markup(style),  # noqa: S704 (ours)
        script=Markup(script),  # noqa: S704 (ours)
        words=Markup(embedded(texts)),  # noqa: S704 (no "<" is left in it)
        settings=Markup(embedded(settings)),  # noqa: S704 (no "<" is left in it)
        rows=map(Markup, tally.rows),
        shown_rows=len(tally.rows),
        language=first,
        say=sayer(first),
        text=words(first),
        languages={each: words(each)["language"] for each in LANGUAGES},
        figures=figures,
        charts=figures.charts(),
        tones=_TONES,
        signs=_SIGNS,
        number=_number,
    )
    stream.enable_buffering(200)
    return iter(stream)


def _policy(style: str, script: str) -> str:
    """What the browser is allowed: our style, our script, and nothing else at all."""
    return "; ".join(
        (
            "default-src 'none'",
            f"style-src '{_hash(style)}'",
            f"script-src '{_hash(script)}'",
            "base-uri 'none'",
            "form-action 'none'",
            "require-trusted-types-for 'script'",
        )
    )


def _hash(source: str) -> str:
    return f"sha256-{b64encode(sha256(source.encode()).digest()).decode()}"


def _number(number: int) -> str:
    return f"{number:,}"
