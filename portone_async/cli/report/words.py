"""The page's texts in two languages, both of them in the file."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec
from markupsafe import Markup

__all__ = ("LANGUAGES", "Language", "resource", "sayer", "words")

Language = Literal["ko", "en"]
LANGUAGES: tuple[Language, ...] = ("ko", "en")


def resource(name: str) -> str:
    """A file of the page, as it is in the package."""
    return (files(__name__.rpartition(".")[0]) / "assets" / name).read_text(encoding="utf-8")


@cache
def words(language: Language) -> Mapping[str, str]:
    """The texts of a language, by key. ``{n}`` in one is to be filled in."""
    return msgspec.json.decode(resource(f"{language}.json"), type=dict[str, str])


def sayer(language: Language) -> Callable[..., Markup]:
    """What says a text in the page so that the page's script can say it in the other language."""

    def say(key: str, **values: object) -> Markup:
        told = {name: str(value) for name, value in values.items()}
        text = words(language)[key].format_map(told)
        if not told:
            return Markup('<span data-text="{}">{}</span>').format(key, text)
        return Markup('<span data-text="{}" data-values="{}">{}</span>').format(
            key, json.dumps(told, ensure_ascii=False), text
        )

    return say
