"""Orders in Parquet, by DuckDB: only the columns that are needed are read."""

from __future__ import annotations

import re
from collections.abc import Generator
from contextlib import closing
from pathlib import Path

from portone_async.cli.escape import escaped

from .columns import Columns, Places, locate
from .errors import OrdersError
from .own_findings import without_zeros
from .rows import Item, read_row

__all__ = ("read_parquet",)

_ROWS_AT_ONCE = 2_000
# Nothing is fetched from the network, and one thread reads faster than its rows are looked at.
_CONFIG: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "threads": "1",
}


def read_parquet(path: Path, name: str, columns: Columns) -> Generator[Item, None, None]:
    try:
        import duckdb  # noqa: PLC0415 (only for those who read Parquet)
    except ImportError:
        raise OrdersError("Parquet needs duckdb: pip install 'portone-async[cli]'") from None

    where = f"{name} row "
    path.open("rb").close()  # For an OSError like any file's.
    # As it is, a path is taken for a pattern of several.
    file = [re.sub(r"([*?\[])", r"[\1]", str(path))]
    try:
        with closing(duckdb.connect(config=_CONFIG)) as connection:
            connection.execute("SELECT * FROM read_parquet(?) LIMIT 0", file)
            found = connection.description or []
            names = [str(column[0]) for column in found]
            at = locate(columns, names)
            if str(found[at.amount][1]) == "FLOAT":
                raise OrdersError("amount is a float of 32 bits, which holds no more than 7 digits")
            connection.execute(f"SELECT {_selection(at, names)} FROM read_parquet(?)", file)  # noqa: S608 (the names are quoted)
            at = _moved(at)
            number = 0
            while rows := connection.fetchmany(_ROWS_AT_ONCE):
                for number, cells in enumerate(rows, number + 1):  # noqa: B020 (counts on)
                    exact = cells if at.error is None else without_zeros(cells)
                    yield read_row(exact, at, where, number)
    except duckdb.Error as error:
        problem = escaped(str(error).partition("\n")[0])
    else:
        return
    raise OrdersError(problem)


def _selection(at: Places, names: list[str]) -> str:
    """What is selected, in the order of :func:`_moved`."""
    places = (at.merchant_uid, at.amount, *at.optional, *at.order_status)
    return ", ".join("NULL" if place is None else _quoted(names[place]) for place in places)


def _moved(at: Places) -> Places:
    new = [None if old is None else place for place, old in enumerate(at.optional, 2)]
    currency, status, cancelled_amount, error = new
    first = 2 + len(new)
    order_status = tuple(range(first, first + len(at.order_status)))
    return Places(0, 1, currency, status, cancelled_amount, error, order_status)


def _quoted(name: str) -> str:
    doubled = name.replace('"', '""')
    return f'"{doubled}"'
