"""Functions and variables of a worker, which a driver names: tasks contain only the names."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from pkgutil import resolve_name
from typing import Any, TypeGuard

from portone_async._redact import Secret
from portone_async.errors import InvalidRequestError

__all__ = (
    "find_function",
    "is_function",
    "is_name",
    "read_variable",
    "validate_function",
    "validate_name",
)

_PATH = r"[^\W\d]\w*(\.[^\W\d]\w*)*"
_FUNCTION = re.compile(f"{_PATH}:{_PATH}")
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def is_function(name: str) -> bool:
    """Return whether a name is ``"module:function"``."""
    return _FUNCTION.fullmatch(name) is not None


def validate_function(argument: str, name: object) -> str:
    """Check the syntax of ``"module:function"``; the module may exist on the workers only.

    Raises:
        InvalidRequestError: It is something else.
    """
    if not isinstance(name, str) or not is_function(name):
        raise InvalidRequestError(f'{argument} must be "module:function", which workers import')
    return name


def is_name(name: object) -> TypeGuard[str]:
    """Return whether a text is ``"module:function"`` or the name of an environment variable."""
    return isinstance(name, str) and (is_function(name) or _VARIABLE.fullmatch(name) is not None)


def validate_name(argument: str, name: object) -> str:
    """Check that a text is a name, as :func:`is_name` does.

    Raises:
        InvalidRequestError: It is something else, such as an address. The message does not quote
            it; a traceback does, unless the caller hides it.
    """
    if not is_name(name):
        raise InvalidRequestError(
            f"{argument} must name an environment variable of the workers that has the address,"
            ' or a "module:function" that they import: an address may have a password'
        )
    return name


def find_function(argument: str, name: str) -> Callable[..., Any]:
    """Import ``"module:function"``.

    Raises:
        InvalidRequestError: There is no such module or function here.
    """
    try:
        function: Any = resolve_name(name)
    except (ImportError, AttributeError) as error:
        problem = type(error).__name__
    else:
        if callable(function):
            return function  # type: ignore[no-any-return]  # an attribute of a module
        problem = "it is not a function"
    raise InvalidRequestError(f"{argument}={name!r} cannot be imported in a worker ({problem})")


def read_variable(argument: str, name: str) -> str:
    """Return the value of an environment variable, which no repr prints.

    Raises:
        InvalidRequestError: It is not set, or empty.
    """
    value = Secret(os.environ.get(name, ""))
    if not value:
        raise InvalidRequestError(f"{argument}={name!r}: this environment variable is not set")
    return value
