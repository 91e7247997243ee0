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
    """The key pair, its tokens, and the state of each section of the API.

    A sub-merchant (Tier) is an account as well: it has its own state of every section, and shares
    keys, tokens, clock and agenda with its agency.
    """

    agency: Account
    """The account that owns the keys: this one, unless it is a Tier's."""

    def __init__(
        self,
        *,
        imp_key: str,
        imp_secret: str,
        clock: Clock,
        tokens: Tokens,
        agency: Account | None = None,
    ) -> None:
        self.imp_key = imp_key
        self.imp_secret = imp_secret
        self.clock = clock
        self.tokens = tokens
        self.agenda: Agenda = Agenda(clock) if agency is None else agency.agenda
        self.agency = self if agency is None else agency
        self._tiers: dict[str, Account] = {}
        self._states: dict[Callable[[Account], Any], Any] = {}

    @guarded
    def state(self, kind: Callable[[Account], S]) -> S:
        """Return the state of one section, such as ``Payments``: created on first use.

        Sections keep their own state this way, and the account does not have to know them. What a
        section shares with all Tiers is in ``account.agency.state(...)``.
        """
        if kind not in self._states:
            self._states[kind] = kind(self)
        state: S = self._states[kind]
        return state

    @guarded
    def tier(self, code: str) -> Account:
        """Return the account of a sub-merchant of this agency: created on first use."""
        if code not in self._tiers:
            self._tiers[code] = Account(
                imp_key=self.imp_key,
                imp_secret=self.imp_secret,
                clock=self.clock,
                tokens=self.tokens,
                agency=self,
            )
        return self._tiers[code]
