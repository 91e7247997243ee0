"""Read the source of orders as the arguments describe it."""

from __future__ import annotations

from collections.abc import Generator

from portone_async.cli.orders import Item, read_orders

from .arguments import Arguments

__all__ = ("read_source",)


def read_source(arguments: Arguments) -> Generator[Item, None, None]:
    """Start to read the orders.

    Raises:
        OrdersError: The arguments are invalid.
    """
    return read_orders(
        arguments.source,
        query=arguments.query,
        columns=arguments.named_columns,
        source_format=arguments.format,
        delimiter=arguments.delimiter,
        sheet=arguments.sheet,
        header_row=arguments.header_row,
    )
