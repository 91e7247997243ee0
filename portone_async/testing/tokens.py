"""Access tokens, as ``POST /users/getToken`` issues them."""

from __future__ import annotations

import secrets
from typing import Any

from msgspec import Struct

from .clock import Clock
from .guard import guarded

__all__ = ("Token", "Tokens")

# https://developers.portone.io/api/rest-v1/auth: a request in the token's last minute extends it by
# 5 minutes.
_LAST_MINUTE = 60
_EXTENSION = 5 * 60


class Token(Struct):
    """One token. Its ``repr`` omits the value."""

    value: str
    expired_at: int
    """Unix seconds: the time of expiry, by PortOne's name for it."""

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        return [("expired_at", self.expired_at)]

    def __repr__(self) -> str:
        return f"Token(expired_at={self.expired_at})"


class Tokens:
    """Issues one token at a time: every request gets the same one until it expires."""

    def __init__(self, clock: Clock, lifetime: float) -> None:
        self.lifetime = lifetime
        """Seconds from issue to expiry."""
        self._clock = clock
        self._token: Token | None = None

    @property
    def current(self) -> Token | None:
        """The token that is valid now, or ``None``."""
        token = self._token
        return token if token is not None and self._clock.now < token.expired_at else None

    @guarded
    def issue(self) -> Token:
        token = self.current
        if token is None:
            expired_at = int(self._clock.now + self.lifetime)
            token = self._token = Token(secrets.token_hex(20), expired_at)
        elif token.expired_at - self._clock.now < _LAST_MINUTE:
            token.expired_at += _EXTENSION
        return token

    def accepts(self, value: str) -> bool:
        token = self.current
        return token is not None and token.value == value

    @guarded
    def expire(self) -> None:
        if self._token is not None:
            self._token.expired_at = int(self._clock.now)

    @guarded
    def revoke(self) -> None:
        self._token = None
