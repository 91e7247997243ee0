"""Word a sentence in the language of the command line, or in one of the report."""

from __future__ import annotations

import gettext
from functools import cache
from gettext import NullTranslations

from portone_async._worded import Worded

from .language import DOMAIN, FOLDER, Language

__all__ = ("localized",)


def localized(text: str, language: Language | None = None) -> str:
    """Return a text in a language, if it is a sentence of which the parts are known.

    Args:
        text: A :class:`Worded`; any other text is returned as it is.
        language: ``None`` for the language of this process.
    """
    if not isinstance(text, Worded):
        return text
    translate = gettext.gettext if language is None else _translations(language).gettext
    parameters = {
        name: localized(value, language) if isinstance(value, str) else value
        for name, value in text.parameters.items()
    }
    return translate(text.template).format_map(parameters)


@cache
def _translations(language: Language) -> NullTranslations:
    return gettext.translation(DOMAIN, FOLDER, [language], fallback=True)
