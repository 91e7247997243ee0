"""The shop that a client is for, as a store recognises it."""

from __future__ import annotations

from hashlib import pbkdf2_hmac
from weakref import WeakKeyDictionary

from portone_async._core.state import ClientState
from portone_async.client import PortOneClient

from .identity import Shop

__all__ = ("account_of", "shop_of")

_SALT = b"portone_async.reconcile"
# 10 ms on a slow machine: trying all possible keys would take millions of years.
_ITERATIONS = 20_000
_BYTES = 16

_accounts: WeakKeyDictionary[ClientState, str] = WeakKeyDictionary()


def shop_of(client: PortOneClient) -> Shop:
    """Return the shop of a client: its Tier, and a digest of its API key.

    The secret is not part of it, since a shop may be issued another one.
    """
    return Shop(account=account_of(client), tier=client._options.tier)  # noqa: SLF001 (not public)


def account_of(client: PortOneClient) -> str:
    """Return a digest of the API key of a client, calculated once for it and its views."""
    state = client._state  # noqa: SLF001 (keys are not public)
    account = _accounts.get(state)
    if account is None:
        imp_key, _ = state.keys
        digest = pbkdf2_hmac("sha256", imp_key.encode(), _SALT, _ITERATIONS, _BYTES)
        account = _accounts[state] = digest.hex()
    return account
