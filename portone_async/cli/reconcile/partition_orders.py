"""The orders of each partition: those of a function, or of a source that is read once."""

from __future__ import annotations

import sqlite3
from collections.abc import Generator
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from gettext import gettext as _
from pathlib import Path
from tempfile import TemporaryDirectory

from msgspec import Struct

from portone_async._worded import Worded
from portone_async.cli.orders import BadRow, Item, Note, OrdersError
from portone_async.cli.orders.items import PlacedOrder, PlacedRefund
from portone_async.cli.orders.steps.temporary import temporary_database
from portone_async.reconcile import Ledger, OrdersOf, Partition, Plan
from portone_async.reconcile._load import digest_orders

from . import worker
from .arguments import Arguments
from .function import find_function
from .notes import Notes
from .order_book import LeftOut, OrderBook, read_partition
from .results import source_name
from .row_reasons import RowReasons
from .source import read_source

__all__ = ("PartitionOrders", "open_orders")


class PartitionOrders(Struct, frozen=True):
    """The orders of each partition."""

    of: OrdersOf
    """Returns those of a partition, in this process."""
    name: str
    """The same function for workers, as ``module:function``."""
    variables: dict[str, str | None]
    """The environment variables that the function needs."""
    reasons: RowReasons
    """Why rows of the source could not be read."""
    are_stored: bool = False
    """Whether all orders have been read, so that those of finished partitions can be compared."""

    async def changed(self, ledger: Ledger) -> list[Partition]:
        """Return the finished partitions whose orders are not those that were reconciled."""
        if not self.are_stored:
            return []
        digests = ledger.digests()
        return [
            partition
            for partition in ledger.plan()
            if partition.name in digests
            and digests[partition.name] != await digest_orders(self.of(partition))
        ]


def open_orders(
    arguments: Arguments, plan: Plan, notes: Notes, stack: ExitStack
) -> PartitionOrders:
    """Find the function that ORDERS names, or read the source.

    Args:
        arguments: The arguments of the command.
        plan: The partitions.
        notes: Where notes about the source are added.
        stack: Its end deletes temporary files.

    Raises:
        OrdersError: The source cannot be read, or with ``--strict`` one of its rows; or the
            temporary file of the orders cannot be written.
    """
    reasons = RowReasons(stack.enter_context(temporary_database()))
    if arguments.is_function:
        function = find_function(arguments.source)
        return PartitionOrders(function, arguments.source, {}, reasons)
    folder = stack.enter_context(TemporaryDirectory(prefix="portone_async-"))
    path = str(Path(folder, "orders.db"))
    has_tiers = arguments.tiers is not None
    with (
        _written_to(folder),
        closing(OrderBook(path, plan, arguments.tz, has_tiers=has_tiers, reasons=reasons)) as book,
    ):
        with closing(read_source(arguments)) as items:
            book.add(_rows(items, notes, is_strict=arguments.strict))
        orders, left_out = book.finish()
    name = source_name(arguments)
    notes.add_repeated(name, orders)
    _note_left_out(notes, name, left_out)
    return PartitionOrders(
        partial(read_partition, path),
        f"{worker.__name__}:orders_of",
        {worker.ORDERS: path},
        reasons,
        are_stored=True,
    )


@contextmanager
def _written_to(folder: str) -> Generator[None]:
    try:
        yield
    except sqlite3.Error as error:  # Of the book: those of a source are translated.
        raise OrdersError(f"the orders cannot be stored in {folder}: {error}") from error


def _rows(
    items: Generator[Item, None, None], notes: Notes, *, is_strict: bool
) -> Generator[PlacedOrder | PlacedRefund | BadRow, None, None]:
    for item in items:
        if isinstance(item, Note):
            notes.add(item)
        elif isinstance(item, BadRow):
            if is_strict:
                raise OrdersError(Worded("{name}: {reason}", name=item.where, reason=item.reason))
            yield item
        else:
            assert isinstance(item, PlacedOrder | PlacedRefund)
            notes.orders += isinstance(item, PlacedOrder)
            yield item


def _note_left_out(notes: Notes, name: str, left_out: LeftOut) -> None:
    if left_out.other_tiers:
        text = _("{n} orders were left out: the file of --tiers does not list their Tier")
        notes.add(Note(name, text.format(n=f"{left_out.other_tiers:,}")))
    if left_out.other_times:
        text = _("{n} orders were left out: they are more than a day before or after the period")
        notes.add(Note(name, text.format(n=f"{left_out.other_times:,}")))
