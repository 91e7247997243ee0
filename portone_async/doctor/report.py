"""The anonymous report, which can be attached to an issue."""

from __future__ import annotations

import platform
from typing import Any

import aiohttp

from portone_async._version import __version__

from .check import Check, Result

__all__ = ("result_object", "versions")


def versions() -> dict[str, str]:
    """Return the versions of this package and of what it runs on."""
    return {
        "portone_async": __version__,
        "python": platform.python_version(),
        "aiohttp": aiohttp.__version__,
        "system": platform.system(),
    }


def result_object(check: Check, result: Result) -> dict[str, Any]:
    """Return a result as a JSON object, without the data of a shop."""
    return {
        "id": check.id,
        "verdict": result.verdict.value,
        "assumption": check.assumption,
        "reason": result.reason or None,
        "facts": dict(result.facts),
    }
