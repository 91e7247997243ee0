"""Read payments by their order, and findings in pages."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager
from sqlite3 import Connection

from portone_async.reconcile._database import Database
from portone_async.reconcile.finding import Finding, Verdict

from . import finding_rows, payment_rows
from .matched import Range

__all__ = ("findings", "matched_findings", "reading", "writing")

_PAGE = 1_000
_ALL_ORDERS = Range(0, 2**63 - 1)


@contextmanager
def reading(database: Database) -> Generator[Connection]:
    """Hold the connection, with payments that are indexed."""
    with database.reading() as connection:
        if not payment_rows.is_indexed(connection):
            with database.writing():
                payment_rows.index(connection)
        yield connection


@contextmanager
def writing(database: Database) -> Generator[Connection]:
    """Hold the connection in one transaction, with payments that are indexed."""
    with reading(database), database.writing() as connection:
        yield connection


def findings(database: Database, verdict: Verdict | None) -> Iterator[Finding]:
    """Iterate over all findings, or those of one verdict, in the sequence of :class:`Kind`."""
    after = finding_rows.START
    if verdict in {None, Verdict.MATCHED}:
        yield from _of_orders(database, _ALL_ORDERS, verdict)
        after = finding_rows.AFTER_ORDERS
    while True:
        with database.reading() as connection:
            page = finding_rows.page(connection, after, verdict, _PAGE)
        for _, finding in page:
            yield finding
        if len(page) < _PAGE:
            return
        after, _ = page[-1]


def matched_findings(database: Database, orders: Range) -> Iterator[Finding]:
    """Iterate over the findings ``matched`` of a range of orders."""
    return _of_orders(database, orders, Verdict.MATCHED)


def _of_orders(database: Database, orders: Range, verdict: Verdict | None) -> Iterator[Finding]:
    after: int | None = orders.after
    while after is not None:
        rest = Range(after, orders.until)
        with database.reading() as connection:
            page, after = finding_rows.of_orders(connection, rest, verdict, _PAGE)
        yield from page
