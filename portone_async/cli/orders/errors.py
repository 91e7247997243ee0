"""What ends the reading of orders."""

from __future__ import annotations

__all__ = ("OrdersError",)


class OrdersError(Exception):
    """The orders cannot be read, or not from here on.

    The message is fit for a terminal, and has no password in it.
    """
