"""The parsed arguments of ``portone-async reconcile``, and their validation."""

from __future__ import annotations

import argparse
from datetime import datetime, tzinfo
from gettext import gettext as _

from portone_async.cli.language import Language
from portone_async.cli.orders import Columns
from portone_async.cli.source_format import Format
from portone_async.client import ClientOptions
from portone_async.errors import InvalidRequestError
from portone_async.policy import RateLimit
from portone_async.reconcile import Confirm

__all__ = ("Arguments",)


class Arguments(argparse.Namespace):
    """Every argument of the command, as its parser sets it."""

    source: str
    query: str | None
    columns: list[str]
    format: Format | None
    delimiter: str | None
    sheet: str | None
    header_row: int | None
    strict: bool
    since: str | None
    until: str | None
    tz: tzinfo
    statuses: list[str]
    store: str | None
    fresh: bool
    out: str | None
    report: str | None
    language: Language | None
    confirm: Confirm
    rate: float | None
    proxy: str | None

    @property
    def period(self) -> tuple[datetime, datetime] | None:
        """The start and the exclusive end of the period, or ``None`` without one.

        Raises:
            InvalidRequestError: ``--since`` or ``--until`` is missing, or is not a time.
        """
        since, until = (_parse_time(text, self.tz) for text in (self.since, self.until))
        if (since is None) != (until is None):
            raise InvalidRequestError(_("a period needs both --since and --until"))
        return None if since is None or until is None else (since, until)

    @property
    def named_columns(self) -> Columns:
        """The columns that ``--columns`` names.

        Raises:
            InvalidRequestError: A field is unknown.
        """
        columns: dict[str, str] = {}
        for pair in self.columns:
            field, equals, column = pair.partition("=")
            if not equals or field not in Columns.__struct_fields__:
                fields = ", ".join(Columns.__struct_fields__)
                raise InvalidRequestError(
                    f"--columns takes FIELD=COLUMN with a field of {fields}, not {pair!r}"
                )
            columns[field] = column
        return Columns(**columns)

    @property
    def client_options(self) -> ClientOptions:
        """The options of the client.

        Raises:
            InvalidRequestError: ``--rate`` is invalid.
        """
        options: ClientOptions = {"proxy": self.proxy}
        return options if self.rate is None else options | {"rate_limit": RateLimit(self.rate)}


def _parse_time(text: str | None, zone: tzinfo) -> datetime | None:
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        message = _("not a time like 2026-11-01 or 2026-11-01T09:00: {text}")
        raise InvalidRequestError(message.format(text=repr(text))) from None
    return time if time.tzinfo is not None else time.replace(tzinfo=zone)
