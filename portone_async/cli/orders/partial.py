"""Find out whether refund rows say how much was refunded of an order that is partly refunded.

Some exports keep 부분취소 as the status of the sale, and have the amount in a negative row of its
own, before it or after it. So such a sale waits for the end of the source, in a temporary file.
"""

from __future__ import annotations

import pickle
import sqlite3
from collections.abc import Generator, Iterator
from contextlib import closing

from portone_async.reconcile.finding import Order, Refund

from .blanks import without_blanks
from .rows import BadRow, Item, PartlyRefundedRow

__all__ = ("with_refund_rows",)


def with_refund_rows(rows: Generator[Item, None, None]) -> Generator[Item, None, None]:
    """Hand on all rows, and at the end each sale that waited: an order if it has refund rows."""
    with closing(sqlite3.connect("", check_same_thread=False)) as database, closing(rows):
        database.execute("CREATE TABLE sales (number TEXT, row BLOB)")
        database.execute("CREATE TABLE refunds (number TEXT PRIMARY KEY) WITHOUT ROWID")
        for row in rows:
            match row:
                case PartlyRefundedRow():
                    sale = [without_blanks(row.merchant_uid), pickle.dumps(row)]
                    database.execute("INSERT INTO sales VALUES (?, ?)", sale)
                case Refund():
                    number = [row.merchant_uid]
                    database.execute("INSERT OR IGNORE INTO refunds VALUES (?)", number)
                    yield row
                case _:
                    yield row
        yield from _sales(database)


def _sales(database: sqlite3.Connection) -> Iterator[Order | BadRow]:
    rows = database.execute(
        "SELECT number, row, number IN (SELECT number FROM refunds) FROM sales ORDER BY rowid"
    )
    for number, pickled, has_refunds in rows:
        row: PartlyRefundedRow = pickle.loads(pickled)  # noqa: S301 (we have written it)
        if has_refunds:
            order = row.order
            yield Order(number, order.amount, order.currency, order.status)
        else:
            yield BadRow(row.where, row.reason, row.merchant_uid)
