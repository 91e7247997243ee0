"""The error that ends the reading of a source."""

from __future__ import annotations

__all__ = ("OrdersError",)


class OrdersError(Exception):
    """The source cannot be read, or not any further.

    The message is safe to print on a terminal and contains no password.
    """
