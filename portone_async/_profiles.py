"""Read the key pair of a shop from a file of profiles, which only its owner can read.

```text
[default]
imp_key = "..."
imp_secret = "..."

[shop-b]
imp_key = "..."
imp_secret = "..."
tier = "A01"
```

No error quotes a value or a line of the file: each may be a secret.
"""

from __future__ import annotations

import os
import re
import shlex
import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from ._redact import Secret, SecretBytes, SecretDict, printable
from ._worded import Worded
from .errors import InvalidRequestError

__all__ = ("DEFAULT", "Profile", "load_profile", "parse_profile", "profiles_path")

DEFAULT = "default"
"""The name of the profile that is used if none is named."""

_KEYS = ("imp_key", "imp_secret")
_OPTIONS = ("base_url", "tier", "proxy")
_MAX_SIZE = 2**20
_MAX_NAMES = 30
# A secret in the wrong place is not a word.
_WORD = re.compile(r"[A-Za-z_-]{1,30}")


class Profile(Struct, frozen=True, kw_only=True):
    """One table of the file."""

    imp_key: Secret
    imp_secret: Secret
    base_url: Secret | None = None
    tier: Secret | None = None
    proxy: Secret | None = None


def load_profile(name: str) -> Profile:
    """Read a profile from the file.

    Raises:
        InvalidRequestError: There is no such file or profile, other users may read the file, or
            its content is invalid.
    """
    path = profiles_path()
    return parse_profile(_read(path), name, path)


def profiles_path() -> Path:
    """Return the path of the file: that of ``PORTONE_PROFILES_FILE``, or the usual one."""
    if path := os.environ.get("PORTONE_PROFILES_FILE"):
        return Path(path)
    return _folder() / "portone-async" / "profiles.toml"


def _folder() -> Path:
    name, usual = (
        ("APPDATA", "AppData/Roaming") if os.name == "nt" else ("XDG_CONFIG_HOME", ".config")
    )
    folder = Path(os.environ.get(name, ""))
    if folder.is_absolute():  # The XDG specification ignores any other.
        return folder
    try:
        return Path.home() / usual
    except RuntimeError:
        problem = Worded(
            "there is no home folder for a file of profiles: set PORTONE_PROFILES_FILE"
        )
    raise InvalidRequestError(problem)


def _read(path: Path) -> SecretBytes:
    """Return the content of the file, after a check of the file that is open."""
    try:
        # The path is not looked at twice, so that a link cannot be exchanged meanwhile.
        with open(path, "rb", opener=_open) as file:
            problem = _problem(os.fstat(file.fileno()), path)
            content = SecretBytes(b"" if problem else file.read(_MAX_SIZE + 1))
    except FileNotFoundError:
        problem = Worded("does not exist; PORTONE_PROFILES_FILE can name another file")
    except OSError as error:
        problem = Worded("cannot be read: {reason}", reason=error.strerror or type(error).__name__)
    else:
        if len(content) > _MAX_SIZE:
            problem = Worded("has more than {n} bytes", n=_MAX_SIZE)
        if not problem:
            return content
    raise InvalidRequestError(
        Worded("the file of profiles {path} {problem}", path=path, problem=problem)
    )


def _open(path: str, flags: int) -> int:
    # Without this flag the open of a named pipe would wait for a writer.
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _problem(status: os.stat_result, path: Path) -> str:
    """Return why a file cannot be trusted with keys, or an empty text."""
    if not stat.S_ISREG(status.st_mode):
        return Worded("is not a regular file")
    if os.name != "posix":  # Windows restricts the folder to its user, and has no such modes.
        return ""
    if status.st_mode & 0o077:
        mode = stat.S_IMODE(status.st_mode)
        return Worded(
            "is open to other users (mode {mode:04o}): run chmod 600 {path}",
            mode=mode,
            path=shlex.quote(str(path)),
        )
    if status.st_uid not in (os.geteuid(), 0):
        return Worded("belongs to another user, who could exchange the keys")
    return ""


def parse_profile(content: bytes, name: str, path: Path) -> Profile:
    """Return a profile from the content of the file. Pure.

    Args:
        content: TOML with a table for each profile.
        name: The name of the profile.
        path: The path of the file, for errors.

    Raises:
        InvalidRequestError: The content is invalid, or has no such profile.
    """
    tables = _tables(content, path)
    where = Worded("profile {name} in {path}", name=repr(name), path=path)
    table = tables.get(name)
    if table is None:
        names = ", ".join(repr(printable(other)) for other in [*tables][:_MAX_NAMES]) or "none"
        raise InvalidRequestError(
            Worded("there is no {profile}: the file has {names}", profile=where, names=names)
        )
    for key in map(Secret, table):
        # Not the value itself, which a traceback would show.
        _check(key, where, is_text=isinstance(table[key], str))
    missing = [key for key in _KEYS if not table.get(key)]
    if missing:
        raise InvalidRequestError(
            Worded("{profile} has no {keys}", profile=where, keys=" and no ".join(missing))
        )
    return Profile(**{key: Secret(value) for key, value in table.items()})


def _tables(content: bytes, path: Path) -> Mapping[str, SecretDict]:
    """Return all tables of the file by name."""
    try:
        document = SecretDict(tomllib.loads(Secret(content.decode("utf-8-sig"))))
    except UnicodeDecodeError:
        problem = Worded("is not UTF-8")
    except tomllib.TOMLDecodeError as error:
        # The rest of the message may quote the file.
        place = re.search(r"at (line \d+|end of document)", str(error))
        problem = (
            Worded("is not TOML ({place})", place=place[0]) if place else Worded("is not TOML")
        )
    except (ValueError, RecursionError):  # A number of 5,000 digits, for example.
        problem = Worded("is not TOML")
    else:
        if all(isinstance(table, dict) for table in document.values()):
            return {name: SecretDict(table) for name, table in document.items()}
        problem = Worded(
            "has values outside of a profile: put them below a line such as [{name}]", name=DEFAULT
        )
    raise InvalidRequestError(
        Worded("the file of profiles {path} {problem}", path=path, problem=problem)
    )


def _check(key: str, where: str, *, is_text: bool) -> None:
    """Reject a key that no profile has, and a value that is not a text."""
    if key not in (*_KEYS, *_OPTIONS):
        unknown = f"'{key}'" if _WORD.fullmatch(key) else Worded("a key")
        known = ", ".join((*_KEYS, *_OPTIONS))
        raise InvalidRequestError(
            Worded(
                "{profile} has {key}, which is none of {known}",
                profile=where,
                key=unknown,
                known=known,
            )
        )
    if not is_text:
        raise InvalidRequestError(
            Worded("{key} of {profile} must be text, in quotes", key=str(key), profile=where)
        )
