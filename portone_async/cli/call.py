"""``portone-async call``: make any call of the API, with JSON in and out."""

from __future__ import annotations

import argparse
import asyncio
import sys
from gettext import gettext as _
from pathlib import Path

import msgspec
from msgspec import Raw, Struct

from portone_async._redact import Secret, SecretBytes
from portone_async.call import Call
from portone_async.client import PortOneClient
from portone_async.errors import (
    ApiError,
    Attempt,
    AuthenticationError,
    InvalidRequestError,
    PortOneError,
    ProxyError,
    RateLimitedError,
)
from portone_async.resources._confidential import secrets_in
from portone_async.resources._settle import is_open

from .confirm import can_confirm, confirm
from .endpoint import parse_endpoint
from .escape import escape, escape_json, unescape_json
from .exit_codes import ExitCode
from .parser import Commands, set_command
from .proxy import add_proxy_option
from .streams import print_error

__all__ = ("add_to",)

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PARTIAL = 207


class Arguments(argparse.Namespace):
    """Every argument of the command, as its parser sets it."""

    method: str
    path: str
    query: list[tuple[str, Secret]]
    body: Secret | None
    yes: bool
    proxy: str | None


class _Answer(Struct, frozen=True):
    """The response of a call, exactly as PortOne sent it, and the HTTP status."""

    response: Raw
    status: int | None

    def __repr__(self) -> str:
        return f"_Answer({self.status})"


def _description() -> str:
    return _(
        """\
Make any call of PortOne V1, and print the response as JSON.

  portone-async call GET /banks
  portone-async call GET /payments/status/paid --query limit=3
  portone-async call PUT /payments/prepare --body @new-amount.json

The keys come from the environment: PORTONE_IMP_KEY and PORTONE_IMP_SECRET (the
V1 REST API pair). PORTONE_BASE_URL and PORTONE_TIER may be set as well."""
    )


def _epilog() -> str:
    requests = _(
        """\
Each part of PATH is quoted, so an order number may be plain text, as in
'/payments/find/A 1', or as in a URL: /payments/find/A%201. '%' is %25, '?' is
%3F.

A GET is repeated after a temporary failure. Any other request is sent again
only if PortOne certainly has not processed it. On a terminal the command asks
before it sends one; a script is not asked. To cancel a payment, prefer
'portone-async cancel': if the answer is lost, it looks up what happened."""
    )
    output = _(
        """\
The output is the "response" of PortOne's envelope with every digit as it was
sent, indented on a terminal, on one line in a pipe. It is complete, so it may
contain personal data. Pass card numbers with --body @FILE or --body -: other
users of this machine can see a command line."""
    )
    codes = _(
        """\
exit codes:
  0    PortOne reports success
  1    PortOne refused the call; nothing was changed
  2    could not run: wrong usage, keys or proxy refused, answered with 'no',
       or a request other than a GET could not be sent; nothing was changed
  3    no reliable answer: a request other than a GET may have been carried
       out, so look before you repeat it; or PortOne reports that a part failed
       (HTTP 207)
  130  interrupted
  141  the reader of the output closed it"""
    )
    return f"{requests}\n\n{output}\n\n{codes}"


def add_to(commands: Commands) -> None:
    parser = commands.add_parser(
        "call",
        prog="portone-async call",
        help=_("make any call of the API, with JSON in and out"),
        description=_description(),
        epilog=_epilog(),
    )
    parser.add_argument(
        "method",
        metavar="METHOD",
        type=str.upper,
        choices=_METHODS,
        help=_("GET, POST, PUT, PATCH or DELETE"),
    )
    parser.add_argument("path", metavar="PATH", help=_("the path, as in /banks"))
    parser.add_argument(
        "--query",
        type=_parse_query,
        metavar="NAME=VALUE",
        action="append",
        default=[],
        help=_("a parameter of the query; repeatable, as in --query 'imp_uid[]=imp_1'"),
    )
    parser.add_argument(
        "--body",
        type=Secret,  # It may contain card numbers.
        metavar="JSON",
        help=_("the body: JSON, @FILE for a file with it, or '-' for stdin"),
    )
    parser.add_argument(
        "--yes", action="store_true", help=_("do not ask before a request other than a GET")
    )
    add_proxy_option(parser)
    set_command(parser, Arguments, _run)


def _parse_query(text: str) -> tuple[str, Secret]:
    name, separator, value = text.partition("=")
    if not name or not separator:
        raise argparse.ArgumentTypeError(_("must be NAME=VALUE"))
    return name, Secret(value)


def _run(arguments: Arguments) -> ExitCode:
    call = _call(arguments)
    is_change = call.method != "GET"
    if is_change and not arguments.yes and can_confirm() and not confirm(_question(arguments)):
        return ExitCode.COULD_NOT_RUN
    try:
        answer = asyncio.run(_answer(call, arguments.proxy))
    except (AuthenticationError, ProxyError, InvalidRequestError):
        raise
    except PortOneError as error:
        return _print_failure(arguments, error)
    except KeyboardInterrupt:
        if is_change:
            print_error(_("interrupted: the request may have been carried out"))
        raise
    _print_json(answer.response)
    if answer.status == _PARTIAL:
        print_error(_("HTTP 207: PortOne reports that a part failed; the response says which"))
        return ExitCode.NOT_CHECKED
    return ExitCode.OK


def _question(arguments: Arguments) -> str:
    return _("Send {method} {path}?").format(method=arguments.method, path=arguments.path)


def _call(arguments: Arguments) -> Call[Raw]:
    endpoint, body = parse_endpoint(arguments.path), _body(arguments.body)
    call = Call(
        arguments.method,
        endpoint.route,
        Raw,
        path=endpoint.values,
        query=[*endpoint.query, *arguments.query],
        body=body,
        secrets=() if body is None else secrets_in(msgspec.json.decode(body)),
        partial={_PARTIAL},
    )
    call.target()  # A mistake is reported before the question.
    return call


def _body(argument: Secret | None) -> Raw | None:
    """Return the JSON of ``--body`` as it was written: every digit is sent.

    Raises:
        InvalidRequestError: It is not JSON.
    """
    if argument is None:
        return None
    body = _read_body(argument)
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        problem = str(error)
    else:
        return Raw(body)
    raise InvalidRequestError(_("the body is not JSON: {problem}").format(problem=problem))


def _read_body(argument: Secret) -> SecretBytes:
    if argument.startswith("@"):
        content = Path(argument.removeprefix("@")).read_bytes()
    elif argument != "-":
        content = argument.encode(errors="surrogateescape")
    elif sys.stdin is None:
        raise InvalidRequestError(_("stdin is closed: there is no body to read"))
    else:
        content = sys.stdin.buffer.read()
    return SecretBytes(content.removeprefix(b"\xef\xbb\xbf"))


async def _answer(call: Call[Raw], proxy: str | None) -> _Answer:
    statuses: list[int | None] = []

    def record(attempt: Attempt) -> None:
        statuses.append(attempt.status)

    async with PortOneClient.from_env(proxy=proxy, on_attempt=record) as client:
        response = await client.call(call)
    return _Answer(response, statuses[-1])


def _print_json(response: Raw) -> None:
    """Print JSON without decoding its numbers: indented on a terminal, otherwise on one line."""
    line = msgspec.json.format(bytes(response), indent=-1).decode()
    line = escape_json(unescape_json(line), sys.stdout.encoding or "utf-8")
    if sys.stdout.isatty():
        line = msgspec.json.format(line, indent=2)
    sys.stdout.write(f"{line}\n")


def _print_failure(arguments: Arguments, error: PortOneError) -> ExitCode:
    """Print a failure, and return the exit code that tells what may have been changed."""
    code, text = _judged(arguments.method, error)
    attempts = len(error.attempts)
    suffix = _(" (tried {n} times)").format(n=attempts) if attempts > 1 else ""
    name, reason = type(error).__name__, escape(error.reason)
    line = text.format(call=f"{arguments.method} {arguments.path}", error=name, reason=reason)
    print_error(line + suffix)
    if error.advice:
        print_error(_("hint: {advice}").format(advice=error.advice))
    return code


def _judged(method: str, error: PortOneError) -> tuple[ExitCode, str]:
    """Return the exit code and the text for a failure."""
    is_unknown = is_open(error)
    is_refusal = isinstance(error, ApiError) and not is_unknown
    if method == "GET" and (not is_refusal or isinstance(error, RateLimitedError)):
        return ExitCode.NOT_CHECKED, _("{call}: no answer: {error}: {reason}")
    if is_refusal:
        return ExitCode.NO_MATCH, _("{call}: refused ({reason})")
    if is_unknown:
        return ExitCode.NOT_CHECKED, _("{call}: may have been carried out: {error}: {reason}")
    return ExitCode.COULD_NOT_RUN, _("{call}: not carried out: {error}: {reason}")
