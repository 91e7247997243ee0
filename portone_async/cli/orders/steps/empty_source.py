"""Reject a file without orders; note a query without rows."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import closing
from gettext import gettext as _

from portone_async._worded import Worded
from portone_async.cli.orders.errors import OrdersError
from portone_async.cli.orders.items import Item, Note

__all__ = ("check_not_empty",)


def check_not_empty(
    items: Generator[Item, None, None], name: str, *, is_query: bool
) -> Generator[Item, None, None]:
    """Pass on all items; at the end, check that one of them was more than a note.

    Args:
        items: The items of the source.
        name: The source, for the note.
        is_query: The items are the result of a query, which may be empty.

    Raises:
        OrdersError: A file has no orders.
    """
    is_empty = True
    with closing(items):
        for item in items:
            is_empty = is_empty and isinstance(item, Note)
            yield item
    if is_empty and not is_query:
        raise OrdersError(Worded("has no orders: no row below its header"))
    if is_empty:
        yield Note(name, _("the query returns no rows"))
