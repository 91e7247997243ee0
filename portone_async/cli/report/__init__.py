"""The files of a reconciliation: a report for people, the findings for programs.

- ``page``: :class:`Report` counts findings as they pass, and writes one HTML file;
  :func:`write_report` does both. Its docstring lists its modules in order.
- ``export``: :func:`write_findings` writes CSV, JSON Lines or Parquet.
- ``statement``, ``money`` and ``messages`` are shared by the page and the terminal.
- ``atomic`` writes a file completely or not at all.
"""

from __future__ import annotations

from .atomic import NotWrittenError, check_writable
from .export import findings_writer, write_findings
from .page import Report, write_report

__all__ = (
    "NotWrittenError",
    "Report",
    "check_writable",
    "findings_writer",
    "write_findings",
    "write_report",
)
