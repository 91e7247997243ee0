"""The language of the command line: Korean where the locale is, English everywhere else.

Texts for people go through :func:`gettext.gettext`, and so do argparse's own. Their Korean is in
``locale/ko/LC_MESSAGES/portone_async.po``; ``pybabel compile`` makes the ``.mo`` beside it. Texts
for programs stay English: JSON, exit codes, exceptions of the library.
"""

from __future__ import annotations

import gettext
import locale
import os
import sys
from pathlib import Path
from typing import Literal, TextIO, TypeAlias

__all__ = ("DOMAIN", "FOLDER", "Language", "speak", "spoken")

DOMAIN = "portone_async"
FOLDER = Path(__file__).with_name("locale")

Language: TypeAlias = Literal["ko", "en"]

_VARIABLES = ("LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG")
_NO_DOMAIN = "messages"


def speak() -> None:
    """Speak the language of the locale from here on, in this process."""
    if not any(map(os.environ.get, _VARIABLES)) and _is_korean_windows():
        os.environ["LANGUAGE"] = "ko"
    gettext.bindtextdomain(DOMAIN, FOLDER)
    can_show = _can_show_korean(sys.stdout) and _can_show_korean(sys.stderr)
    gettext.textdomain(DOMAIN if can_show else _NO_DOMAIN)


def spoken() -> Language:
    """Give the language that texts come in now."""
    is_korean = gettext.textdomain() == DOMAIN and gettext.find(DOMAIN, FOLDER) is not None
    return "ko" if is_korean else "en"


def _is_korean_windows() -> bool:
    # There the variables of POSIX are not set, and this is "Korean_Korea".
    return (locale.getlocale()[0] or "").lower().startswith("ko")


def _can_show_korean(stream: TextIO | None) -> bool:
    try:
        "한글".encode(getattr(stream, "encoding", None) or "utf-8")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
