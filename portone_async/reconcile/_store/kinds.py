"""The kinds of findings in a store, by what identifies a finding."""

from __future__ import annotations

from enum import IntEnum

__all__ = ("KINDS", "Kind")


class Kind(IntEnum):
    """The subject of a finding. Findings are read in this order."""

    ORDER = 0
    """An order, by its position in the input."""
    PAYMENT = 1
    """A payment without an order, by its ``imp_uid``."""
    ROW = 2
    """A row that could not be read, by the error, which names the row."""


KINDS = {kind.name.lower(): kind for kind in Kind}
"""Parameters of SQL statements: ``:order``, ``:payment`` and ``:row``."""
