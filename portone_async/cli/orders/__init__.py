"""Read a shop's orders from a file or a database: lazily, exactly, and with every bad row named.

:func:`read_orders` is the whole pipeline. Its parts, from the source to the caller:

- :mod:`.formats` detects the format, and :mod:`.readers` reads the rows of each format;
- :mod:`.columns` finds the columns, :mod:`.cells` parses single cells, :mod:`.row` whole rows;
- :mod:`.steps` are the decisions that need more than one row;
- :mod:`.items` are the results.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Generator, Iterator

from portone_async._worded import Worded
from portone_async.cli.escape import escape
from portone_async.cli.source_format import Format
from portone_async.cli.system_error import system_reason

from .columns import Columns
from .errors import OrdersError
from .formats import format_of
from .items import BadRow, Item, Note
from .readers import ReadOptions, check_options, read_rows
from .steps.empty_source import check_not_empty
from .steps.lost_digits import note_lost_digits
from .steps.orphan_rows import replace_orphan_rows
from .steps.partial_refunds import resolve_partial_refunds
from .steps.total_rows import replace_total_rows
from .steps.trim_numbers import trim_order_numbers

__all__ = ("BadRow", "Columns", "Format", "Item", "Note", "OrdersError", "read_orders")

_USUAL_COLUMNS = Columns()


def read_orders(
    source: str,
    *,
    query: str | None = None,
    columns: Columns = _USUAL_COLUMNS,
    source_format: Format | None = None,
    delimiter: str | None = None,
    sheet: str | None = None,
    header_row: int | None = None,
) -> Generator[Item, None, None]:
    """Read orders one by one, in memory that does not grow with their number.

    The source is opened when the first order is requested. Close the generator to stop early.
    Threads may take turns with it.

    Args:
        source: The path of a file, or a ``postgresql://`` address. libpq reads missing parts of
            an address, such as the password, from ``PGPASSWORD``, ``~/.pgpass`` and so on.
        query: The SELECT that returns the orders of a database; only for databases.
        columns: The names of the columns.
        source_format: ``None`` to detect it by the source's name.
        delimiter: The character between the fields of a CSV; ``None`` to detect it by
            the header.
        sheet: The name of a workbook's sheet, or its number from 1; ``None`` for the only sheet
            that has a header of orders.
        header_row: The row of the header, from 1; in a CSV the line on which it begins. ``None``
            for the first of the first thirty rows that has the known names.

    Returns:
        The orders, and a :class:`BadRow` for each row that is not one. A :class:`Note` may stand
        anywhere among them.

    Raises:
        OrdersError: At once, if the arguments are invalid; during iteration, if the source cannot
            be read, or not any further.
    """
    options = ReadOptions(
        query=query, columns=columns, delimiter=delimiter, sheet=sheet, header_row=header_row
    )
    source_format = source_format or format_of(source)
    check_options(source_format, options)
    # Never print an address: it may contain a password.
    name = "postgresql" if source_format is Format.POSTGRESQL else escape(source)

    items = trim_order_numbers(lambda: read_rows(source, name, source_format, options), name)
    items = resolve_partial_refunds(items)
    items = replace_total_rows(items)
    items = note_lost_digits(items, name)
    items = replace_orphan_rows(items, name)
    items = check_not_empty(items, name, is_query=source_format.is_database)
    return _name_source_in_errors(items, name)


def _name_source_in_errors(items: Iterator[Item], name: str) -> Generator[Item, None, None]:
    try:
        yield from items
    except OrdersError as error:
        reason = error.reason
    except sqlite3.Error as error:
        # From the temporary file of a step: the disk may be full.
        reason = Worded("a temporary file failed: {problem}", problem=escape(str(error)))
    except OSError as error:
        reason = system_reason(error)
    except UnicodeDecodeError:
        # The whole file was decoded before, to detect its encoding.
        reason = Worded("was changed while it was read")
    else:
        return
    raise OrdersError(Worded("{name}: {reason}", name=name, reason=reason))
