"""The notes of a run: kept for the report, and printed once."""

from __future__ import annotations

from gettext import gettext as _

from portone_async.cli.orders import Note
from portone_async.cli.streams import complain

__all__ = ("Notes",)

_MOST_KEPT = 20


class Notes:
    """Collects the notes of a source; the first twenty are kept, the others are counted."""

    def __init__(self) -> None:
        self.kept: list[Note] = []
        self.orders = 0
        """How many rows were orders."""
        self._count = 0

    def add(self, note: Note) -> None:
        """Keep a note."""
        self._count += 1
        if self._count <= _MOST_KEPT:
            self.kept.append(note)

    def add_repeated(self, source: str, orders: int) -> None:
        """Note how many rows repeat an order: exports with a row for each product have such.

        Args:
            source: The name of the source.
            orders: How many different orders there are.
        """
        if repeated := self.orders - orders:
            text = _("{n} rows repeat an order number: rows that say the same are one order")
            self.add(Note(source, text.format(n=f"{repeated:,}")))

    def print(self) -> None:
        """Print them to stderr, a line each."""
        for note in self.kept:
            complain(_("note: {where}: {text}").format(where=note.where, text=note.text))
        if more := self._count - len(self.kept):
            complain(_("note: and {n} more like these").format(n=more))
