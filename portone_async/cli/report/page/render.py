"""Rendering: one HTML file that loads nothing, and runs only its own script.

Three barriers keep hostile texts of orders and payments from acting:

- jinja2 escapes every value in the template;
- the data of the script is JSON without ``<``, which the script inserts as text, never as HTML;
- the content security policy allows this style and this script only, by their hashes.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Iterator
from hashlib import sha256
from importlib.resources import files

from jinja2 import Environment, FunctionLoader, StrictUndefined
from markupsafe import Markup
from msgspec import Struct
from msgspec.structs import asdict

from portone_async.cli.report.messages import LANGUAGES, Language, messages
from portone_async.cli.report.run_facts import RunFacts
from portone_async.cli.report.safe_text import script_json
from portone_async.reconcile.finding import Summary, Verdict

from .figures import Figures
from .tally import Tally

__all__ = ("SCRIPTS", "PageInfo", "read_asset", "render_page")

# CSS classes, for the color of a verdict.
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
# Beside text and color: for a quick look, and for readers who do not see the colors.
_SYMBOLS = {
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
"""The files of the page's script; ``report.js`` uses the other two."""


class PageInfo(Struct, frozen=True):
    """Facts about the run and the page, printable."""

    facts: RunFacts
    title: str | None
    findings_file: str | None
    """The name of the file that lists all findings."""
    assumed_empty: list[str]
    """Periods that PortOne refused to list."""


def render_page(
    summary: Summary, tally: Tally, info: PageInfo, language: Language | None
) -> Iterator[str]:
    """Yield the page in pieces.

    Args:
        summary: The figures of the run.
        tally: All findings of the run.
        info: Facts about the run and the page.
        language: The language in which it opens; ``None`` for the browser's.
    """
    initial = language or LANGUAGES[0]
    style, script = read_asset("report.css"), "\n".join(map(read_asset, SCRIPTS))
    settings = {
        "language": language,
        "verdicts": [[verdict, _TONES[verdict], _SYMBOLS[verdict]] for verdict in Verdict],
    }
    template = _environment().get_template("report.html")
    stream = template.stream(
        asdict(info) | asdict(info.facts),
        policy=_content_security_policy(style, script),
        style=Markup(style),  # noqa: S704 (a file of the package)
        script=Markup(script),  # noqa: S704 (a file of the package)
        messages=_script_data({code: messages(code) for code in LANGUAGES}),
        settings=_script_data(settings),
        rows=map(Markup, tally.table.rows),
        language=initial,
        languages={code: messages(code)["language"] for code in LANGUAGES},
        text=messages(initial),
        _=translator(initial),
        figures=Figures(summary, tally),
        tones=_TONES,
        symbols=_SYMBOLS,
        number=_format_number,
    )
    stream.enable_buffering(200)
    return iter(stream)


def translator(language: Language) -> Callable[..., Markup]:
    """Return a function that renders a message so that the script can switch its language."""

    def translate(key: str, **values: object) -> Markup:
        texts = {name: str(value) for name, value in values.items()}
        message = messages(language)[key].format_map(texts)
        if not texts:
            return Markup('<span data-text="{}">{}</span>').format(key, message)
        return Markup('<span data-text="{}" data-values="{}">{}</span>').format(
            key, json.dumps(texts, ensure_ascii=False), message
        )

    return translate


def read_asset(name: str) -> str:
    """Return the text of a file in the folder ``assets``."""
    return (files("portone_async.cli.report.page") / "assets" / name).read_text(encoding="utf-8")


def _environment() -> Environment:
    return Environment(
        loader=FunctionLoader(read_asset),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def _script_data(value: object) -> Markup:
    return Markup(script_json(value))  # noqa: S704 (JSON without "<")


def _content_security_policy(style: str, script: str) -> str:
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


def _format_number(number: int) -> str:
    return f"{number:,}"
