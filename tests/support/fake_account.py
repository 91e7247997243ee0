"""An account of the fake PortOne without its server."""

from __future__ import annotations

from portone_async.testing.account import Account
from portone_async.testing.clock import Clock
from portone_async.testing.tokens import Tokens

__all__ = ("fake_account",)


def fake_account(now: float | None = None) -> Account:
    """Return a new account, whose clock starts at ``now`` in Unix seconds."""
    clock = Clock(now)
    return Account(imp_key="k", imp_secret="s", clock=clock, tokens=Tokens(clock, 60))
