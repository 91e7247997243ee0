"""Run ``portone-async call``: make any call of the API, with JSON in and out."""

from __future__ import annotations

import argparse
import asyncio
import sys
from gettext import gettext as _
from http import HTTPStatus
from pathlib import Path

import msgspec
from msgspec import Raw

from portone_async._core.environment import chosen_profile
from portone_async._redact import Secret, SecretBytes
from portone_async._worded import Worded
from portone_async.answer import Answer
from portone_async.call import Call
from portone_async.cli.advice import explained, hint, translated
from portone_async.cli.client import make_client
from portone_async.cli.confirm import can_confirm, confirm
from portone_async.cli.escape import escape, escape_json, unescape_json
from portone_async.cli.exit_codes import ExitCode
from portone_async.cli.streams import print_error
from portone_async.client import PortOneClient
from portone_async.errors import (
    ApiError,
    AuthenticationError,
    InvalidRequestError,
    PortOneError,
    ProxyError,
    RateLimitedError,
    UnexpectedResponseError,
)
from portone_async.resources._confidential import secrets_in
from portone_async.resources._settle import is_open

from .endpoint import parse_endpoint

__all__ = ("Arguments", "run")

_PARTIAL = 207


class Arguments(argparse.Namespace):
    """Every argument of the command, as its parser sets it."""

    method: str
    path: str
    query: list[tuple[str, Secret]]
    body: Secret | None
    yes: bool
    profile: str | None
    proxy: str | None


def run(arguments: Arguments) -> ExitCode:
    """Make the call, print the response, and return the exit code."""
    call = _call(arguments)
    is_change = call.method != "GET"
    if is_change and not arguments.yes and can_confirm() and not confirm(_question(arguments)):
        return ExitCode.COULD_NOT_RUN
    try:
        answer = asyncio.run(_answer(arguments, call))
    except (AuthenticationError, ProxyError, InvalidRequestError):
        raise
    except PortOneError as error:
        return _print_failure(arguments, error)
    except KeyboardInterrupt:
        if is_change:
            print_error(_("interrupted: the request may have been carried out"))
        raise
    _print_json(answer.value)
    if answer.reply.status == _PARTIAL:
        print_error(_("HTTP 207: PortOne reports that a part failed; the response says which"))
        return ExitCode.NOT_CHECKED
    return ExitCode.OK


def _question(arguments: Arguments) -> str:
    text = _("Send {method} {path}?")
    profile = chosen_profile(arguments.profile)
    if profile is not None:
        text = _("Send {method} {path} with the keys of profile {profile}?")
    return text.format(method=arguments.method, path=arguments.path, profile=escape(profile or ""))


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
    raise InvalidRequestError(Worded("the body is not JSON: {problem}", problem=problem))


def _read_body(argument: Secret) -> SecretBytes:
    if argument.startswith("@"):
        content = Path(argument.removeprefix("@")).read_bytes()
    elif argument != "-":
        content = argument.encode(errors="surrogateescape")
    elif sys.stdin is None:
        raise InvalidRequestError(Worded("stdin is closed: there is no body to read"))
    else:
        content = sys.stdin.buffer.read()
    return SecretBytes(content.removeprefix(b"\xef\xbb\xbf"))


async def _answer(arguments: Arguments, call: Call[Raw]) -> Answer[Raw]:
    async with make_client(PortOneClient, arguments.profile, proxy=arguments.proxy) as client:
        return await client.call(call, with_reply=True)


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
    name, reason = type(error).__name__, escape(explained(error))
    line = text.format(call=f"{arguments.method} {arguments.path}", error=name, reason=reason)
    print_error(line + suffix)
    if advice := _advice(error):
        print_error(hint(advice))
    return code


def _advice(error: PortOneError) -> str:
    if isinstance(error, UnexpectedResponseError) and error.status == HTTPStatus.NOT_FOUND:
        return _("Check the spelling of PATH, and PORTONE_BASE_URL if it is set.")
    return translated(error.advice)


def _judged(method: str, error: PortOneError) -> tuple[ExitCode, str]:
    """Return the exit code and the text for a failure."""
    is_unknown = is_open(error)
    is_refusal = isinstance(error, ApiError) and not is_unknown
    if method == "GET" and (not is_refusal or isinstance(error, RateLimitedError)):
        return ExitCode.NOT_CHECKED, _("{call}: no reliable answer: {error}: {reason}")
    if is_refusal:
        return ExitCode.NO_MATCH, _("{call}: refused ({reason})")
    if is_unknown:
        return ExitCode.NOT_CHECKED, _("{call}: may have been carried out: {error}: {reason}")
    return ExitCode.COULD_NOT_RUN, _("{call}: not carried out: {error}: {reason}")
