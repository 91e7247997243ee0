"""Sentences as data, which the command line can word in another language."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Self

__all__ = ("Worded", "listed", "redacted")


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


def listed(texts: Sequence[str], separator: str = ", ") -> str:
    """Join texts; those that are sentences are translated, too."""
    *others, last = texts
    if not others:
        return last
    parts = {"others": listed(others, separator), "separator": separator, "last": last}
    return Worded("{others}{separator}{last}", **parts)


def redacted(text: str, redact: Callable[[str], str]) -> str:
    """Redact a text; a sentence remembers its parts if redacting each of them is enough.

    Args:
        text: A text, or a :class:`Worded`.
        redact: Removes secrets from a text.
    """
    plain = redact(str(text))
    if isinstance(text, Worded):
        parts = {
            name: redacted(part, redact) if isinstance(part, str) else part
            for name, part in text.parameters.items()
        }
        worded = Worded(text.template, **parts)
        if worded == plain:
            return worded
    return plain


def _worded(template: str, parameters: Mapping[str, object]) -> Worded:
    return Worded(template, **parameters)
