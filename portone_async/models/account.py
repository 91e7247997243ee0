"""Channels and sub-merchants of an account.

Source: ``GET /users/pg`` and ``GET /tiers/{tier_code}`` of PortOne's V1 REST API.
"""

from __future__ import annotations

from typing import ClassVar

from ._record import ResponseRecord

__all__ = ("PgSetting", "Tier")


class PgSetting(ResponseRecord, frozen=True, kw_only=True):
    """One channel of the account: a contract with a PG, as the console lists it."""

    shown: ClassVar[tuple[str, ...]] = (
        "pg_provider",
        "pg_id",
        "type",
        "channel_name",
        "channel_key",
        "sandbox",
    )
    public: ClassVar = shown

    pg_provider: str
    """The PG, as in ``html5_inicis``."""
    pg_id: str | None = None
    """The shop's id at the PG (MID)."""
    type: str | None = None
    """``payment`` (the payment window), ``api_payment`` or ``certification``."""
    sandbox: bool | None = None
    """Whether it is a test channel."""
    channel_name: str | None = None
    """The name that the shop chose in the console."""
    channel_key: str | None = None
    """The key that other operations take as ``channel_key``."""


class Tier(ResponseRecord, frozen=True, kw_only=True):
    """A sub-merchant of the account."""

    shown: ClassVar[tuple[str, ...]] = ("tier_code", "tier_name")
    public: ClassVar = shown

    tier_code: str
    """Three characters of ``A-Z`` and ``0-9``."""
    tier_name: str | None = None
