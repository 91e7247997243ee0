"""The texts of the report in Korean and English, by key."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

__all__ = ("LANGUAGES", "Language", "messages")

Language = Literal["ko", "en"]
LANGUAGES: tuple[Language, ...] = ("ko", "en")


@cache
def messages(language: Language) -> Mapping[str, str]:
    """Return the texts of a language, by key; ``{name}`` in a text is a placeholder."""
    file = files(__name__) / f"{language}.json"
    return msgspec.json.decode(file.read_bytes(), type=dict[str, str])
