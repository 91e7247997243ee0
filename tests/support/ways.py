"""Run a test on both ways of an exchange: over aiohttp's connections, and through its session.

A test of such a module fails if it sends nothing, or if a request of it takes the other way; see
``pytest_generate_tests`` in ``tests/conftest.py``.
"""

from __future__ import annotations

import pytest

__all__ = ("both_ways", "one_way")

both_ways = pytest.mark.usefixtures("way")
"""Run a test twice; for all tests of a module, its ``pytestmark``."""

one_way = pytest.mark.one_way
"""Run a test of such a module once: it sends nothing, or its requests can take only one way."""
