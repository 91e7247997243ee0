"""The address of a PostgreSQL database, and messages about it without its password."""

from __future__ import annotations

import re
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from portone_async._redact import Secret, SecretDict, escape
from portone_async._worded import Worded

if TYPE_CHECKING:
    from psycopg import Error

__all__ = ("describe_error", "parse_address")

_CONNECT_SECONDS = 10
# libpq splits an address at the first / ? # or @, and its error message could then quote the rest
# of a password as, say, a port.
_ADDRESS = re.compile(r"postgres(?:ql)?://(?:[^@/?#\[\]]*@)?[^@]*", re.DOTALL)
_INVALID_ADDRESS = Worded(
    "the address is invalid (not printed here, since it may contain a password): it should be "
    "like postgresql://user@host:5432/database, with all but letters and digits in user and "
    "password percent-encoded"
)


def parse_address(address: Secret) -> SecretDict:
    """Return the parameters of :func:`psycopg.connect`, whose ``repr`` reveals nothing.

    Args:
        address: Like ``postgresql://user@host:5432/database``. libpq reads missing parts, such as
            the password, from ``PGPASSWORD``, ``~/.pgpass`` and so on.

    Raises:
        ValueError: The address is invalid. The message does not quote it, since it may contain a
            password.
        ModuleNotFoundError: psycopg is not installed; the extra ``postgresql`` has it.
    """
    from psycopg import ProgrammingError  # noqa: PLC0415 (an extra)
    from psycopg.conninfo import conninfo_to_dict  # noqa: PLC0415 (an extra)

    parameters = SecretDict()
    if _ADDRESS.fullmatch(address):
        # Its message may quote the address.
        with suppress(ProgrammingError):
            parameters = SecretDict(conninfo_to_dict(address))
    if not parameters or not re.fullmatch(r"[0-9,]*", str(parameters.get("port", ""))):
        raise ValueError(_INVALID_ADDRESS)
    defaults = {"connect_timeout": _CONNECT_SECONDS}
    return SecretDict(defaults | parameters | {"client_encoding": "utf8"})


def describe_error(error: Error, parameters: dict[str, Any]) -> str:
    """Return the message of an error as one printable line, without the password."""
    message = error.diag.message_primary or str(error)
    password = parameters.get("password")
    if password and password in message:
        return Worded("failed; the message is not printed here, since it contains the password")
    return escape(message.strip())
