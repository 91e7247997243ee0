"""The command ``portone-async``: look up orders, or watch the client at work."""

from __future__ import annotations

import argparse
import traceback
from collections.abc import Callable, Sequence
from gettext import gettext as _

from portone_async._version import __version__
from portone_async.errors import (
    AuthenticationError,
    InvalidRequestError,
    ProxyError,
    UnsupportedVersionError,
)

from . import demo, find, reconcile
from .completion import SHELLS, Completion
from .exit_codes import ExitCode
from .language import speak
from .parser import Parser, Print
from .streams import complain, is_reader_gone, prepare, silence_stdout, written

__all__ = ("main",)

_FINAL = (InvalidRequestError, AuthenticationError, ProxyError, UnsupportedVersionError)
_OPTIONAL = ("duckdb", "jinja2", "markupsafe", "psycopg", "rich", "shtab")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: The arguments without the program's name; ``None`` for those of the process.

    Returns:
        The exit code, as ``--help`` of each command explains it.
    """
    try:
        speak()
        prepare()
        return written(lambda: _run(argv))
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except OSError as error:
        silence_stdout()
        return ExitCode.READER_GONE if is_reader_gone(error) else _cannot_run(_told(error))
    except _FINAL as error:
        return _cannot_run(f"portone-async: {error.reason} {error.advice}".rstrip())
    except Exception as error:  # noqa: BLE001 (it would exit with 1, which means "not found")
        needed = _needed(error)
        return _cannot_run(*([needed] if needed else traceback.format_exc().splitlines()))


def _run(argv: Sequence[str] | None) -> int:
    parsed = _parser().parse_args(argv)
    run: Callable[[argparse.Namespace], int] = parsed.run
    return run(parsed)


def _cannot_run(*why: str) -> int:
    complain(*why)
    return ExitCode.COULD_NOT_RUN


def _told(error: OSError) -> str:
    said = _("{file} could not be read or written: {reason}")
    file = _("the output") if error.filename is None else error.filename
    return f"portone-async: {said.format(file=file, reason=error.strerror or error)}"


def _needed(error: Exception) -> str:
    """What is to be installed; empty where that is not the problem."""
    missing = (getattr(error, "name", None) or "").partition(".")[0]
    if not isinstance(error, ModuleNotFoundError) or missing not in _OPTIONAL:
        return ""
    return _("portone-async needs {module}: pip install 'portone-async[cli]'").format(
        module=missing
    )


def _parser() -> Parser:
    parser = Parser(
        prog="portone-async",
        description=_("The asyncio client for PortOne V1 (formerly iamport), on the command line."),
    )
    parser.add_argument(
        "--version",
        action=Print,
        const=f"portone-async {__version__}",
        help=_("show the version and exit"),
    )
    parser.add_argument(
        "--completion",
        action=Completion,
        choices=SHELLS,
        help=_("print a script for your shell, which completes commands and options, and exit"),
    )
    commands = parser.add_subparsers(title=_("commands"), metavar="COMMAND", required=True)
    find.add_to(commands)
    reconcile.add_to(commands)
    demo.add_to(commands)
    return parser
