"""Find the function of ORDERS, ``module:function``, which returns the orders of a partition."""

from __future__ import annotations

import os
import re
import sys
from pkgutil import resolve_name
from typing import Any, cast

from portone_async._worded import Worded
from portone_async.cli.orders import OrdersError
from portone_async.reconcile import OrdersOf
from portone_async.reconcile._described import describe

__all__ = ("find_function", "is_function")

# No point behind the colon: on Windows, D:orders.csv is a file.
_FUNCTION = re.compile(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*")


def is_function(source: str) -> bool:
    """Return whether a source is written as ``module:function``."""
    return _FUNCTION.fullmatch(source) is not None


def find_function(name: str) -> OrdersOf:
    """Import a function; modules of the current folder are found first.

    Raises:
        OrdersError: There is no such module or function, or the module cannot be imported.
    """
    folder = os.getcwd()  # noqa: PTH109 (an entry of sys.path is a text)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        function: Any = resolve_name(name)
    except (ImportError, AttributeError) as error:
        problem = str(error)
    except Exception as error:  # noqa: BLE001 (a module of the user)
        problem = describe(error)
    else:
        if callable(function):
            return cast(OrdersOf, function)
        problem = Worded("it is not a function")
    raise OrdersError(Worded("{name} cannot be imported: {problem}", name=name, problem=problem))
