"""What the endpoints work on: one shop's account at PortOne."""

from __future__ import annotations

from typing import Any, TypeVar

from .clock import Clock
from .guard import guarded
from .payments import Payments
from .tokens import Tokens

__all__ = ("Shop",)

S = TypeVar("S")


class Shop:
    """The key pair, and everything that belongs to it."""

    def __init__(self, *, imp_key: str, imp_secret: str, clock: Clock, tokens: Tokens) -> None:
        self.imp_key = imp_key
        self.imp_secret = imp_secret
        self.clock = clock
        self.tokens = tokens
        self.payments = Payments(clock)
        self._states: dict[type[Any], Any] = {}

    @guarded
    def state(self, kind: type[S]) -> S:
        """The one ``kind`` of this shop, made when first asked for.

        So an endpoint's module keeps its own state, and the shop need not know of it.
        """
        if kind not in self._states:
            self._states[kind] = kind()
        state: S = self._states[kind]
        return state
