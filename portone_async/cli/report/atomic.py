"""Atomic writing: a file appears complete or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from portone_async._worded import Worded
from portone_async.cli.system_error import system_reason

__all__ = ("NotWrittenError", "atomic_write", "check_writable")


class NotWrittenError(OSError):
    """A file could not be written: for example, the disk is full or the folder read-only.

    An existing file of that name is unchanged, and no partial file is left behind.
    """

    def __init__(self, path: Path, reason: str) -> None:
        self.reason: str = Worded(
            "{path} could not be written: {reason}. No partial file was left behind.",
            path=path,
            reason=reason,
        )
        """The message; unlike ``str()`` it keeps a sentence that can be translated."""
        super().__init__(self.reason)


@contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Generator[Path]:
    """Yield the path of an empty temporary file, then rename that file to ``path``.

    The temporary file is in the same folder, and is removed if the block raises.

    Raises:
        NotWrittenError: An ``OSError`` was raised, by the block or by this function.
    """
    requested = Path(path)
    # Replace the target of a symbolic link, not the link.
    target = Path(os.path.realpath(requested))
    with _temporary_file(target, requested) as temporary:
        if target.exists():
            shutil.copymode(target, temporary)
        yield temporary
        _sync(temporary)
        temporary.replace(target)


def check_writable(path: str | os.PathLike[str]) -> None:
    """Check, before an hour of work, that a file can be written. Leaves no file behind.

    Raises:
        NotWrittenError: It cannot be written.
    """
    requested = Path(path)
    with _temporary_file(Path(os.path.realpath(requested)), requested):
        pass


@contextmanager
def _temporary_file(target: Path, requested: Path) -> Generator[Path]:
    try:
        if target.exists() and not target.is_file():
            # As root, renaming a file to /dev/null would replace the device.
            raise FileExistsError("it exists and is not a regular file")
        # Random, since two runs may write the same file. Shortened, since a name has at most 255
        # bytes, and a Hangul syllable takes three.
        temporary = target.with_name(f".{target.name[:60]}.{secrets.token_hex(4)}.part")
        try:
            temporary.touch(exist_ok=False)
            yield temporary
        finally:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
    except OSError as error:
        raise NotWrittenError(requested, system_reason(error)) from error


def _sync(path: Path) -> None:
    # A full disk may be reported only now, and after a power cut a renamed file may be empty.
    with path.open("rb+") as file:
        os.fsync(file.fileno())
