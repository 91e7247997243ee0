"""The log of a test, without what depends on the speed of the machine."""

from __future__ import annotations

import logging

import pytest

__all__ = ("logged",)


def logged(caplog: pytest.LogCaptureFixture) -> list[logging.LogRecord]:
    """Return the log records of a test, without asyncio's reports of slow callbacks.

    In debug mode it logs a warning for each callback during which the machine stood still.
    """
    return [record for record in caplog.records if not _is_of_a_slow_callback(record)]


def _is_of_a_slow_callback(record: logging.LogRecord) -> bool:
    return record.name == "asyncio" and str(record.msg).startswith("Executing ")
