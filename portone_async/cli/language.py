"""The language of the command line: Korean if the locale is Korean, otherwise English.

Texts for people go through :func:`gettext.gettext`, and so do argparse's own. Their translations
are in ``locale/ko/LC_MESSAGES/portone_async.po``; ``pybabel compile`` makes the ``.mo`` beside it.
JSON, logs and the library's exceptions stay English.
"""

from __future__ import annotations

import gettext
import locale
import os
import sys
from pathlib import Path
from typing import Literal, TextIO, TypeAlias

__all__ = ("DOMAIN", "FOLDER", "Language", "current_language", "set_language")

DOMAIN = "portone_async"
FOLDER = Path(__file__).with_name("locale")

Language: TypeAlias = Literal["ko", "en"]

_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
_NO_DOMAIN = "messages"


def set_language() -> None:
    """Set the language of this process from its locale."""
    if not any(map(os.environ.get, _VARIABLES)) and _is_korean_windows():
        os.environ["LANGUAGE"] = "ko"
    gettext.bindtextdomain(DOMAIN, FOLDER)
    can_print = _can_print_korean(sys.stdout) and _can_print_korean(sys.stderr)
    gettext.textdomain(DOMAIN if can_print else _NO_DOMAIN)


def current_language() -> Language:
    """Return the language of this process."""
    is_korean = gettext.textdomain() == DOMAIN and gettext.find(DOMAIN, FOLDER) is not None
    return "ko" if is_korean else "en"


def _is_korean_windows() -> bool:
    # Windows does not set the POSIX variables; its locale is "Korean_Korea".
    return (locale.getlocale()[0] or "").lower().startswith("ko")


def _can_print_korean(stream: TextIO | None) -> bool:
    try:
        "한글".encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
