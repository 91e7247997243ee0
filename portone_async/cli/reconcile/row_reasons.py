"""The reasons why rows could not be read, which the report words in its language."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec.structs import replace

from portone_async._worded import Worded
from portone_async.cli.orders.items import BadRow
from portone_async.reconcile import Finding, UnreadableOrder

__all__ = ("RowReasons",)

# A store has the reasons in English only. Those of further rows stay English in the report.
_MAX_REASONS = 10_000


class RowReasons:
    """Keeps the parts of the reasons from reading the source until the report is written."""

    def __init__(self) -> None:
        self._by_error: dict[str, Worded] = {}

    def unreadable(self, row: BadRow) -> UnreadableOrder:
        """Return a bad row for the run, and keep its reason."""
        item = UnreadableOrder(row.where, str(row.reason), row.merchant_uid)
        if isinstance(row.reason, Worded) and len(self._by_error) < _MAX_REASONS:
            error = Worded("{place}: {reason}", place=row.where, reason=row.reason)
            self._by_error[str(error)] = error
        return item

    def restore(self, findings: Iterator[Finding]) -> Iterator[Finding]:
        """Return the findings, with the parts of those errors that are known."""
        return map(self._restored, findings) if self._by_error else findings

    def _restored(self, finding: Finding) -> Finding:
        error = self._by_error.get(finding.error) if finding.error else None
        return finding if error is None else replace(finding, error=error)
