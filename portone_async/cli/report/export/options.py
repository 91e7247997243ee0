"""The options of a file of findings."""

from __future__ import annotations

from datetime import tzinfo

from msgspec import Struct

from portone_async.cli.report.messages import Language
from portone_async.cli.report.run_facts import Period
from portone_async.reconcile.finding import Summary

__all__ = ("ExportOptions",)


class ExportOptions(Struct, frozen=True, kw_only=True):
    """The options of :func:`write_findings`, which describes them."""

    timezone: tzinfo
    has_tiers: bool = False
    language: Language = "ko"
    summary: Summary | None = None
    source: str | None = None
    period: Period | None = None
