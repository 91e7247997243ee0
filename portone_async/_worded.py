"""Sentences as data, which the command line can word in another language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self

__all__ = ("Worded",)


class Worded(str):
    """A sentence in English that remembers its template and its parameters.

    Everything that needs a text (a file, a log, a comparison) gets the English. Formatting it, or
    ``str()`` of an error that has it, returns a plain text without the parameters.

    Args:
        template: The English with ``{name}`` for each parameter: the key of its translation.
        parameters: Values of the placeholders; those that are sentences are translated, too.
    """

    __slots__ = ("parameters", "template")

    template: str
    parameters: Mapping[str, object]

    def __new__(cls, template: str, /, **parameters: object) -> Self:
        """Format the English sentence."""
        worded = super().__new__(cls, template.format_map(parameters))
        worded.template = template
        worded.parameters = parameters
        return worded

    def __reduce__(self) -> tuple[object, ...]:
        """Return how it is copied and unpickled, with any protocol."""
        return _worded, (self.template, self.parameters)


def _worded(template: str, parameters: Mapping[str, object]) -> Worded:
    return Worded(template, **parameters)
