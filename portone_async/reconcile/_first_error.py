"""The one error that is raised for a group of errors."""

from __future__ import annotations

from typing import TypeVar, cast

__all__ = ("first_error",)

E = TypeVar("E", bound=BaseException)


def first_error(group: BaseExceptionGroup[E]) -> E:
    """Return the first error of a group, which may be nested."""
    error = group.exceptions[0]
    if isinstance(error, BaseExceptionGroup):
        return first_error(cast("BaseExceptionGroup[E]", error))
    return error
