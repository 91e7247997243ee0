"""The reason of an error of the operating system, as a sentence that can be translated."""

from __future__ import annotations

from portone_async._worded import Worded

__all__ = ("system_reason",)

_KNOWN = {
    str(reason): reason
    for reason in (
        Worded("No such file or directory"),
        Worded("Permission denied"),
        Worded("Is a directory"),
        Worded("Not a directory"),
        Worded("File exists"),
        Worded("No space left on device"),
        Worded("Read-only file system"),
        Worded("File name too long"),
    )
}


def system_reason(error: OSError) -> str:
    """Return the reason of an error, without the name of its file."""
    reason = error.strerror or ""
    return _KNOWN.get(reason, reason) or str(error) or type(error).__name__
