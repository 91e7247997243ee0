"""A reconciliation on paper: the report for people, the findings for their programs."""

from __future__ import annotations

from .aside import NotWrittenError, refuse_unwritable
from .export import checked_writer, write_findings
from .page import write_report

__all__ = (
    "NotWrittenError",
    "checked_writer",
    "refuse_unwritable",
    "write_findings",
    "write_report",
)
