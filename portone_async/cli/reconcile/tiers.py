"""Read the Tiers of a run from a text file."""

from __future__ import annotations

from pathlib import Path

from portone_async._worded import Worded
from portone_async.errors import InvalidRequestError

__all__ = ("read_tiers",)

_OWN = "-"


def read_tiers(path: str) -> list[str | None]:
    """Return the Tiers that a file lists, one a line; ``None`` for a line ``-``.

    ``-`` is the shop of the API keys itself. Empty lines, and the rest of a line after ``#``, are
    ignored.

    Raises:
        InvalidRequestError: It is not UTF-8, or lists no Tier.
        OSError: It cannot be read.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InvalidRequestError(Worded("{file} is not UTF-8", file=path)) from None
    codes = (line.partition("#")[0].strip() for line in text.splitlines())
    tiers = [None if code == _OWN else code for code in codes if code]
    if not tiers:
        raise InvalidRequestError(Worded("{file} lists no Tier", file=path))
    return tiers
