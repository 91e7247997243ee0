"""The error that ends the reading of a source."""

from __future__ import annotations

__all__ = ("OrdersError",)


class OrdersError(Exception):
    """The source cannot be read, or not any further.

    The message is safe to print on a terminal and contains no password.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason
        """The message; unlike ``str()`` it keeps a sentence that can be translated."""
