"""The command ``portone-async``: its main parser, and the exit code of every error."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from gettext import gettext as _

from portone_async._version import __version__

from . import call, cancel, demo, doctor, find, reconcile
from .advice import described
from .completion import SHELLS, Completion
from .exit_codes import ExitCode
from .language import set_language
from .parser import Parser, Print
from .streams import (
    flush_stdout,
    is_broken_pipe,
    prepare_streams,
    print_error,
    silence_stdout,
)
from .system_error import system_reason
from .wording import localized

__all__ = ("main",)

# The modules of the extra ``cli``.
_EXTRA_MODULES = ("duckdb", "jinja2", "markupsafe", "psycopg", "rich", "shtab", "xlsxwriter")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: The arguments without the program's name; ``None`` for ``sys.argv``.

    Returns:
        The exit code.
    """
    try:
        set_language()
        prepare_streams()
        with flush_stdout():
            return _run(argv)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED
    except OSError as error:
        silence_stdout()
        return ExitCode.BROKEN_PIPE if is_broken_pipe(error) else _cannot_run(_os_error(error))
    except Exception as error:  # noqa: BLE001 (Python would exit with 1, which means "not found")
        return _cannot_run(*_missing_module(error) or _fatal_error(error))


def _run(argv: Sequence[str] | None) -> int:
    parser = _parser()
    parsed, unknown = parser.parse_known_args(argv)
    if unknown:
        # The usage of the command shows the option that was meant.
        command: Parser = parsed.parser
        command.reject(unknown)
    run: Callable[[argparse.Namespace], int] = parsed.run
    return run(parsed)


def _cannot_run(*lines: str) -> ExitCode:
    print_error(*lines)
    return ExitCode.COULD_NOT_RUN


def _os_error(error: OSError) -> str:
    if error.errno is None:  # Not of the system: its text is complete.
        reason: str = error.args[0] if error.args else str(error)
        return f"portone-async: {localized(reason)}"
    text = _("{file} could not be read or written: {reason}")
    file = _("the output") if error.filename is None else error.filename
    return f"portone-async: {text.format(file=file, reason=localized(system_reason(error)))}"


def _fatal_error(error: Exception) -> list[str]:
    """Return the lines about an error that ended a command without a result."""
    # Not above: the help loads none of it.
    import traceback  # noqa: PLC0415

    from portone_async import errors  # noqa: PLC0415

    expected = (
        errors.InvalidRequestError,
        errors.AuthenticationError,
        errors.ProxyError,
        errors.UnsupportedVersionError,
    )
    if isinstance(error, expected):
        return [f"portone-async: {described(error)}"]
    return traceback.format_exception(error)


def _missing_module(error: Exception) -> list[str]:
    """Return a line about the extra to install; empty if no module of it is missing."""
    if not isinstance(error, ModuleNotFoundError):
        return []
    module = (error.name or "").partition(".")[0]
    if module not in _EXTRA_MODULES:
        return []
    text = _("portone-async needs {module}: pip install 'portone-async[cli]'")
    return [text.format(module=module)]


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
        help=_("print a script that lets your shell complete commands and options, and exit"),
    )
    commands = parser.add_subparsers(title=_("commands"), metavar="COMMAND", required=True)
    find.add_to(commands)
    reconcile.add_to(commands)
    cancel.add_to(commands)
    call.add_to(commands)
    doctor.add_to(commands)
    demo.add_to(commands)
    return parser
