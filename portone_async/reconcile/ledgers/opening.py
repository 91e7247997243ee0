"""Open a ledger by a path or an address."""

from __future__ import annotations

import re

from portone_async._redact import Secret
from portone_async.errors import InvalidRequestError

from .protocol import Ledger
from .sqlite import SQLiteLedger

__all__ = ("is_address", "open_ledger")


def is_address(source: str) -> bool:
    """Return whether a text is an address of PostgreSQL.

    Raises:
        InvalidRequestError: It is another address. The message does not quote it, since it may
            contain a password.
    """
    if "://" not in source:
        return False
    if re.match("postgres(ql)?://", source):
        return True
    raise InvalidRequestError("a ledger is a file or a postgresql:// address")


def open_ledger(source: str, *, run: str) -> Ledger:
    """Open a ledger, new or existing.

    Args:
        source: The path of an SQLite file, or a ``postgresql://`` address, which needs the extra
            ``postgresql``.
        run: The name of the run.

    Raises:
        InvalidRequestError: The address is invalid.
        LedgerError: The ledger cannot be used, or is of another version.
    """
    source = Secret(source)  # The local variables of a traceback are printed, too.
    if not is_address(source):
        return SQLiteLedger.open(str(source), run=run)
    from .postgresql import PostgreSQLLedger  # noqa: PLC0415 (an extra)

    return PostgreSQLLedger.connect(source, run=run)
