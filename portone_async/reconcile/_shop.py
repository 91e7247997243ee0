"""The shop that a client is for, as a store recognises it."""

from __future__ import annotations

from hashlib import pbkdf2_hmac

from portone_async.client import PortOneClient

from .identity import Shop

__all__ = ("shop_of",)

_SALT = b"portone_async.reconcile"
# 10 ms on a slow machine: trying all possible keys would take millions of years.
_ITERATIONS = 20_000
_BYTES = 16


def shop_of(client: PortOneClient) -> Shop:
    """Return the shop of a client: its Tier, and a digest of its API key.

    The secret is not part of it, since a shop may be issued another one.
    """
    imp_key, _ = client._state.keys  # noqa: SLF001 (keys are not public)
    digest = pbkdf2_hmac("sha256", imp_key.encode(), _SALT, _ITERATIONS, _BYTES)
    return Shop(account=digest.hex(), tier=client._options.tier)  # noqa: SLF001 (the same)
