"""Collect the notes about a source of orders, and print them."""

from __future__ import annotations

from gettext import gettext as _

from portone_async.cli.orders import Note
from portone_async.cli.streams import print_error
from portone_async.cli.wording import localized

__all__ = ("Notes",)

_MAX_NOTES = 20


class Notes:
    """Collects the notes about a source: stores the first twenty, and counts the others."""

    def __init__(self) -> None:
        self.notes: list[Note] = []
        self.orders = 0
        """The number of rows with an order."""
        self._count = 0

    def add(self, note: Note) -> None:
        """Add a note."""
        self._count += 1
        if self._count <= _MAX_NOTES:
            self.notes.append(note)

    def add_repeated(self, source: str, orders: int) -> None:
        """Add a note about rows that repeat an order, as in exports with a row per product.

        Args:
            source: The name of the source.
            orders: The number of different orders.
        """
        if repeated := self.orders - orders:
            text = _("{n} rows repeat an order number: equal rows are one order")
            self.add(Note(source, text.format(n=f"{repeated:,}")))

    def print(self) -> None:
        """Print the notes to stderr, one per line."""
        for note in self.notes:
            print_error(
                _("note: {where}: {text}").format(where=localized(note.where), text=note.text)
            )
        if more := self._count - len(self.notes):
            print_error(_("note: and {n} more like these").format(n=more))
