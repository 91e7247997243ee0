"""Complete partly refunded orders from their refund rows.

In some exports the sale has the status 부분취소 (partly cancelled), and a separate negative row,
before it or after it, has the refunded amount. So such a sale waits in a temporary file for the end
of the source.
"""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing

from msgspec.structs import replace

from portone_async.cli.orders.cells.blanks import strip_blanks
from portone_async.cli.orders.items import BadRow, Item, PartlyRefundedRow
from portone_async.cli.orders.place import tier_of
from portone_async.reconcile.finding import Order, Refund

from .temporary import temporary_database

__all__ = ("resolve_partial_refunds",)

_REFUNDS = "CREATE TABLE refunds (tier TEXT, number TEXT, PRIMARY KEY (tier, number)) WITHOUT ROWID"


def resolve_partial_refunds(items: Generator[Item, None, None]) -> Generator[Item, None, None]:
    """Pass on all items, partly refunded sales last.

    A sale becomes an order if the source has a refund row for it, and a bad row otherwise.
    """
    with temporary_database() as database, closing(items):
        database.execute("CREATE TABLE sales (tier TEXT, number TEXT, row BLOB)")
        database.execute(_REFUNDS)
        for item in items:
            match item:
                case PartlyRefundedRow():
                    # `trim_numbers` trims the numbers of orders and refunds only.
                    number = strip_blanks(item.merchant_uid)
                    sale = [tier_of(item), number, pickle.dumps(item)]
                    database.execute("INSERT INTO sales VALUES (?, ?, ?)", sale)
                case Refund():
                    refund = [tier_of(item), item.merchant_uid]
                    database.execute("INSERT OR IGNORE INTO refunds VALUES (?, ?)", refund)
                    yield item
                case _:
                    yield item
        yield from _resolve_sales(database)


def _resolve_sales(database: sqlite3.Connection) -> Iterator[Order | BadRow]:
    rows = database.execute(
        "SELECT number, row, (tier, number) IN (SELECT * FROM refunds) FROM sales ORDER BY rowid"
    )
    for number, pickled, has_refunds in rows:
        sale: PartlyRefundedRow = pickle.loads(pickled)  # noqa: S301 (written above)
        if has_refunds:
            yield replace(sale.order, merchant_uid=number)
        else:
            yield BadRow(sale.where, sale.reason, sale.merchant_uid, sale.place)
