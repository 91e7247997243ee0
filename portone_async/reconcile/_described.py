"""Describe exceptions of functions of the user, such as the one that returns the orders."""

from __future__ import annotations

from pathlib import Path

__all__ = ("describe",)


def describe(error: Exception) -> str:
    """Return the class and the place of an exception, whose text may contain an address."""
    if isinstance(error, ModuleNotFoundError):
        # The text of this one names a module, or the extra that has it.
        return f"{type(error).__name__}: {error}"
    place = ""
    traceback = error.__traceback__
    while traceback is not None:
        name = Path(traceback.tb_frame.f_code.co_filename).name
        place = f" in {name}, line {traceback.tb_lineno}"
        traceback = traceback.tb_next
    return f"{type(error).__name__}{place}"
