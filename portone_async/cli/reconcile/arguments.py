"""The parsed arguments of ``portone-async reconcile``, and their validation."""

from __future__ import annotations

import argparse
import re
from datetime import datetime, timedelta, tzinfo
from pathlib import Path

from portone_async._worded import Worded
from portone_async.cli.language import Language
from portone_async.cli.orders import Columns
from portone_async.cli.source_format import Format
from portone_async.client import ClientOptions
from portone_async.errors import InvalidRequestError
from portone_async.policy import RateLimit
from portone_async.reconcile import Confirm, Plan, plan
from portone_async.reconcile.ledgers.opening import is_address
from portone_async.resources._windows import utc_now

from .function import is_function
from .tiers import read_tiers

__all__ = ("Arguments",)

_LENGTH = re.compile(r"([0-9]{1,6})([dh])")


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
    tiers: str | None
    every: str | None
    workers: int
    ledger: str | None
    """A path, or an address that may contain a password."""
    temporary_ledger: str = ""
    """The path of the ledger, if none is named."""
    run_name: str | None
    store: str | None
    fresh: bool
    out: str | None
    report: str | None
    language: Language | None
    confirm: Confirm
    rate: float | None
    profile: str | None
    proxy: str | None

    @property
    def period(self) -> tuple[datetime, datetime] | None:
        """The start and the exclusive end of the period, or ``None`` without one.

        Raises:
            InvalidRequestError: ``--since`` or ``--until`` is missing, or is not a time.
        """
        since, until = (_parse_time(text, self.tz) for text in (self.since, self.until))
        if (since is None) != (until is None):
            raise InvalidRequestError(Worded("a period needs both --since and --until"))
        return None if since is None or until is None else (since, until)

    @property
    def has_partitions(self) -> bool:
        """Whether the run is divided into partitions.

        Raises:
            InvalidRequestError: It is, and an option does not fit.
        """
        if self.workers < 1:
            raise InvalidRequestError(Worded("--workers takes a number of 1 or more"))
        options = {
            "module:function": self.is_function or None,
            "--tiers": self.tiers,
            "--every": self.every,
            "--workers": self.workers if self.workers > 1 else None,
            "--ledger": self.ledger,
            "--run": self.run_name,
        }
        given = [name for name, value in options.items() if value is not None]
        if not given:
            return False
        if self.store is not None or self.fresh:
            raise InvalidRequestError(
                Worded(
                    "{option} excludes --store and --fresh: another --run starts again",
                    option=given[0],
                )
            )
        if self.period is None:
            raise InvalidRequestError(Worded("{option} needs --since and --until", option=given[0]))
        return True

    def plan(self, tier: str | None) -> Plan:
        """Divide the run into partitions.

        Args:
            tier: The Tier of the client, which is the only one without ``--tiers``.

        Raises:
            InvalidRequestError: Without a period or before its end, or with an invalid length or
                Tier.
        """
        assert self.period is not None
        since, until = self.period
        if until > utc_now():
            raise InvalidRequestError(
                Worded(
                    "partitions need a period that has ended: --until {time} is in the future",
                    time=self.until,
                )
            )
        return plan(
            [tier] if self.tiers is None else read_tiers(self.tiers),
            since=since,
            until=until,
            every=_parse_length(self.every or "1d"),
            statuses=self.statuses,
        )

    @property
    def has_ledger_address(self) -> bool:
        """Whether ``--ledger`` is an address of PostgreSQL.

        Raises:
            InvalidRequestError: It is another address.
        """
        return self.ledger is not None and is_address(self.ledger)

    @property
    def is_function(self) -> bool:
        """Whether ORDERS is ``module:function``, and not the name of a file."""
        return is_function(self.source) and self.format is None and not Path(self.source).exists()

    @property
    def named_columns(self) -> Columns:
        """The columns that ``--columns`` names; those of partitions only if there are partitions.

        Raises:
            InvalidRequestError: A field is unknown.
        """
        columns: dict[str, str | None] = {}
        if self.has_partitions:
            columns = {"tier": "" if self.tiers is None else None, "ordered_at": None}
        for pair in self.columns:
            field, equals, column = pair.partition("=")
            if not equals or field not in Columns.__struct_fields__:
                fields = ", ".join(Columns.__struct_fields__)
                raise InvalidRequestError(
                    Worded(
                        "--columns takes FIELD=COLUMN with a field of {fields}, not {pair}",
                        fields=fields,
                        pair=repr(pair),
                    )
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


def _parse_length(text: str) -> timedelta:
    match = _LENGTH.fullmatch(text)
    if match is None or not int(match[1]):
        raise InvalidRequestError(
            Worded(
                "--every takes a number of days or hours, as in 1d, 7d or 12h, not {text}",
                text=repr(text),
            )
        )
    unit = "hours" if match[2] == "h" else "days"
    try:
        return timedelta(**{unit: int(match[1])})
    except OverflowError:
        raise InvalidRequestError(Worded("--every is too long")) from None


def _parse_time(text: str | None, zone: tzinfo) -> datetime | None:
    if text is None:
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        raise InvalidRequestError(
            Worded("not a time like 2026-11-01 or 2026-11-01T09:00: {text}", text=repr(text))
        ) from None
    return time if time.tzinfo is not None else time.replace(tzinfo=zone)
