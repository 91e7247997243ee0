"""Files that appear whole or not at all."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

__all__ = ("NotWrittenError", "in_place_of", "refuse_unwritable")


class NotWrittenError(OSError):
    """A file could not be written: its folder is read-only, the disk is full, or the like.

    Nothing of it is left behind, and an older file of the name is as it was.
    """

    def __init__(self, path: Path, why: str) -> None:
        super().__init__(f"{path} could not be written: {why}. Nothing of it was left behind.")


@contextmanager
def in_place_of(path: str | os.PathLike[str]) -> Generator[Path]:
    """Give the name of an empty file beside ``path``, which takes its place at the end.

    Raises:
        NotWrittenError: Whatever the system had against it.
    """
    wanted = Path(path)
    # What a link points to is replaced, not the link.
    target = Path(os.path.realpath(wanted))
    with _beside(target, wanted) as aside:
        if target.exists():
            shutil.copymode(target, aside)
        yield aside
        _settle(aside)
        aside.replace(target)


def refuse_unwritable(path: str | os.PathLike[str]) -> None:
    """Make sure, before an hour of work, that a file can be written there. Leaves nothing.

    Raises:
        NotWrittenError: It cannot.
    """
    wanted = Path(path)
    with _beside(Path(os.path.realpath(wanted)), wanted):
        pass


@contextmanager
def _beside(target: Path, wanted: Path) -> Generator[Path]:
    try:
        if target.exists() and not target.is_file():
            # To replace /dev/null, as root may, would be a bad joke.
            raise FileExistsError("it is there, and is no regular file")
        # A name of its own for each run, as two of them may write the same report.
        aside = target.with_name(f".{target.name[:60]}.{secrets.token_hex(4)}.part")
        try:
            aside.touch(exist_ok=False)
            yield aside
        finally:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
    except OSError as error:
        raise NotWrittenError(wanted, error.strerror or str(error)) from error


def _settle(path: Path) -> None:
    # A full disk may show only here; and a name must not outlive its content in a power cut.
    with path.open("rb+") as file:
        os.fsync(file.fileno())
