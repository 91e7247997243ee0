"""The rows of the table of differences, limited in number."""

from __future__ import annotations

from collections.abc import Collection
from itertools import chain

from portone_async.reconcile.finding import Verdict

__all__ = ("LimitedRows",)


class LimitedRows:
    """The first rows of each verdict.

    Every verdict has an equal share of the limit, and what one does not need is for the others: ten
    orphans are in the table even if they come after a million missing payments.

    Args:
        limit: The largest number of rows.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        # Numbered, since rows of all verdicts are listed in their sequence.
        self._rows: dict[Verdict, list[tuple[int, str]]] = {}
        self._added = 0
        self._full: set[Verdict] = set()

    def has_room(self, verdict: Verdict) -> bool:
        """Return whether the next row of a verdict will be in the table."""
        if verdict in self._full:
            return False
        if len(self) < self._limit or self.count(verdict) + 1 < self._longest_count:
            return True
        self._full.add(verdict)
        return False

    def add(self, verdict: Verdict, row: str) -> None:
        """Add a row for which there is room; the verdict with most rows gives up its last one."""
        self._added += 1
        self._rows.setdefault(verdict, []).append((self._added, row))
        if len(self) > self._limit:
            longest = max(self._rows, key=self.count)
            self._rows[longest].pop()
            self._full.add(longest)

    def count(self, verdict: Verdict) -> int:
        """Return the number of rows of a verdict."""
        return len(self._rows.get(verdict, ()))

    @property
    def rows(self) -> Collection[str]:
        """All rows, in the sequence in which they were added."""
        return [row for _, row in sorted(chain.from_iterable(self._rows.values()))]

    @property
    def _longest_count(self) -> int:
        return max(map(len, self._rows.values()), default=0)

    def __len__(self) -> int:
        return sum(map(len, self._rows.values()))
