"""An account at PortOne: the state that the endpoints share."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from .agenda import Agenda
from .clock import Clock
from .guard import guarded
from .tokens import Tokens

__all__ = ("Account",)

S = TypeVar("S")


class Account:
    """The key pair, its tokens, and the state of each section of the API."""

    def __init__(self, *, imp_key: str, imp_secret: str, clock: Clock, tokens: Tokens) -> None:
        self.imp_key = imp_key
        self.imp_secret = imp_secret
        self.clock = clock
        self.tokens = tokens
        self.agenda = Agenda(clock)
        self._states: dict[Callable[[Clock], Any], Any] = {}

    @guarded
    def state(self, kind: Callable[[Clock], S]) -> S:
        """Return the state of one section, such as ``Payments``: created on first use.

        Sections keep their own state this way, and the account does not have to know them.
        """
        if kind not in self._states:
            self._states[kind] = kind(self.clock)
        state: S = self._states[kind]
        return state
