"""The command ``portone-async``: look up orders, or watch the client at work."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence
from io import TextIOWrapper
from typing import TextIO

from portone_async.errors import AuthenticationError, InvalidRequestError

from . import demo, find, reconcile
from .arguments import Arguments, Parser
from .escape import escaped

__all__ = ("main",)

_COULD_NOT_RUN = 2
_INTERRUPTED = 130
_READER_GONE = 141
_OPTIONAL = ("duckdb", "jinja2", "markupsafe", "matplotlib", "psycopg", "rich")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: The arguments without the program's name; ``None`` for those of the process.

    Returns:
        The exit code, as ``--help`` of each command explains it.
    """
    _spell_what_cannot_be_shown(sys.stdout)
    try:
        arguments = _parser().parse_args(argv, Arguments())
        return arguments.run(arguments)
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # The interpreter flushes once more at exit, and must not meet the same pipe again.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return _READER_GONE
    except (InvalidRequestError, AuthenticationError) as error:
        return _cannot_run(f"portone-async: {error.reason} {error.advice}".rstrip())
    except Exception as error:  # noqa: BLE001 (it would exit with 1, which means "not found")
        return _cannot_run(_needed(error) or traceback.format_exc())


def _spell_what_cannot_be_shown(stdout: TextIO) -> None:
    if isinstance(stdout, TextIOWrapper):
        stdout.reconfigure(errors="backslashreplace")


def _cannot_run(why: str) -> int:
    for line in why.rstrip("\n").split("\n"):
        sys.stderr.write(f"{escaped(line)}\n")
    return _COULD_NOT_RUN


def _needed(error: Exception) -> str:
    """What is to be installed; empty where that is not the problem."""
    missing = (getattr(error, "name", None) or "").partition(".")[0]
    if not isinstance(error, ModuleNotFoundError) or missing not in _OPTIONAL:
        return ""
    return f"portone-async needs {missing}: pip install 'portone-async[cli]'"


def _parser() -> Parser:
    parser = Parser(
        prog="portone-async",
        description="The asyncio client for PortOne V1 (formerly iamport), on the command line.",
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    find.add_to(commands)
    reconcile.add_to(commands)
    demo.add_to(commands)
    return parser
