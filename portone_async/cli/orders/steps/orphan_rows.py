"""Replace the rows of payments without an order by a note: exported findings have such rows."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from gettext import gettext as _

from portone_async.cli.orders.items import Item, Note, OrphanRow

__all__ = ("replace_orphan_rows",)


def replace_orphan_rows(
    items: Generator[Item, None, None], name: str
) -> Generator[Item, None, None]:
    """Drop all :class:`OrphanRow` items; at the end, note their number under the source's name."""
    count = 0
    with closing(items):
        for item in items:
            if isinstance(item, OrphanRow):
                count += 1
            else:
                yield item
    if count:
        text = _("{n} payments without an order are not orders and were left out")
        yield Note(name, text.format(n=f"{count:,}"))
