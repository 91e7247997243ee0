"""Run ``portone-async doctor``: print the requests, make the checks, and print the results."""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
from functools import partial
from gettext import gettext as _
from math import ceil
from typing import Any, Protocol

from portone_async.cli.client import make_client
from portone_async.cli.exit_codes import ExitCode
from portone_async.cli.report.atomic import atomic_write, check_writable
from portone_async.cli.streams import print_error
from portone_async.client import ClientOptions
from portone_async.doctor import (
    Check,
    Examination,
    ReadOnlyClient,
    Result,
    Verdict,
    opened,
    result_object,
    versions,
)
from portone_async.policy import RateLimit, RetryPolicy, Timeouts

from .plan import plan_lines

__all__ = ("Arguments", "run")

_EXIT_CODES = {
    Verdict.AGREES: ExitCode.OK,
    Verdict.UNKNOWN: ExitCode.OK,
    Verdict.DIFFERS: ExitCode.NO_MATCH,
    Verdict.FAILED: ExitCode.NOT_CHECKED,
}


class Arguments(argparse.Namespace):
    """Every argument of the command, as its parser sets it."""

    plan: bool
    json: bool
    report: str | None
    wait_for_extension: bool
    rate: float
    profile: str | None
    proxy: str | None


class View(Protocol):
    """Prints results."""

    def add(self, check: Check, result: Result) -> None:
        """Print a result."""

    def finish(self, requests: int) -> None:
        """Print the totals."""


class _Silent:
    """Prints nothing: the results are printed as JSON."""

    def add(self, check: Check, result: Result) -> None:
        """Print nothing."""

    def finish(self, requests: int) -> None:
        """Print nothing."""


def run(arguments: Arguments) -> ExitCode:
    """Print the plan, make the checks, print and write the results; return the exit code."""
    options = _options(arguments)
    if arguments.report is not None:
        check_writable(arguments.report)
    _print_plan(arguments)
    if arguments.plan:
        return ExitCode.OK
    results, document, code = asyncio.run(_examine(arguments, options))
    if arguments.json:
        sys.stdout.write(f"{json.dumps(document)}\n")
    if arguments.report is not None:
        _write(arguments.report, document)
    if not arguments.json and Verdict.DIFFERS in {result.verdict for _check, result in results}:
        _print_request(arguments)
    return code


def _options(arguments: Arguments) -> ClientOptions:
    # Few retries: an outage is an answer, too.
    return ClientOptions(
        proxy=arguments.proxy,
        rate_limit=RateLimit(arguments.rate, burst=1),
        retry=RetryPolicy(attempts=2),
        timeouts=Timeouts(total=40.0, attempt=20.0),
    )


def _print_plan(arguments: Arguments) -> None:
    """Print what will be sent: to stderr if stdout is for JSON."""
    lines = plan_lines(is_waiting=arguments.wait_for_extension)
    if arguments.json:
        print_error(*lines)
        return
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


async def _examine(
    arguments: Arguments, options: ClientOptions
) -> tuple[list[tuple[Check, Result]], dict[str, Any], ExitCode]:
    view = _view(arguments)
    results: list[tuple[Check, Result]] = []
    make = partial(make_client, ReadOnlyClient, arguments.profile)
    async with opened(make, **options) as client:
        examination = Examination(
            client, wait_for_extension=arguments.wait_for_extension, sleep=_wait
        )
        async for check, result in examination.results():
            results.append((check, result))
            view.add(check, result)
    requests = examination.evidence.recorder.sent
    view.finish(requests)
    document = {
        "versions": versions(),
        "requests": requests,
        "checks": [result_object(check, result) for check, result in results],
    }
    code = max(_EXIT_CODES[result.verdict] for _check, result in results)
    return results, document, code if examination.has_token else ExitCode.COULD_NOT_RUN


async def _wait(seconds: float) -> None:
    """Wait for the last minute of the token, and print for how long."""
    text = _("waiting {minutes} minutes, until the token is in its last minute")
    print_error(text.format(minutes=ceil(seconds / 60)))
    await asyncio.sleep(seconds)


def _view(arguments: Arguments) -> View:
    if arguments.json:
        return _Silent()
    from .view import ResultView  # noqa: PLC0415 (--json works without rich)

    return ResultView()


def _write(path: str, document: dict[str, Any]) -> None:
    with atomic_write(path) as temporary:
        temporary.write_text(f"{json.dumps(document, indent=2)}\n", encoding="utf-8")
    print_error(_("written: {file}").format(file=path))


def _print_request(arguments: Arguments) -> None:
    if arguments.report is None:
        print_error(
            _(
                "Something differs. Please report it: --report FILE writes a report without keys "
                "and personal data that you can attach."
            )
        )
    else:
        print_error(_("Something differs. Please report it, with the report attached."))
