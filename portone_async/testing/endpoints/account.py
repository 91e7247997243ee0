"""``server.account_settings``: the channels of an account and its sub-merchants."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

from portone_async.models.account import PgSetting, Tier
from portone_async.testing.account import Account
from portone_async.testing.guard import guarded
from portone_async.testing.record import blank, encode
from portone_async.testing.reply import Reply, envelope, failure
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Route

__all__ = ("ROUTES", "AccountSettings", "tier_not_found")


class _Shared:
    """What the agency and its Tiers have in common."""

    def __init__(self, _: Account) -> None:
        # Invented: one sub-merchant.
        self.tiers: dict[str, dict[str, Any]] = {"A01": {"tier_code": "A01", "tier_name": "강남점"}}
        self.serials = count(1)


class AccountSettings:
    """``server.account_settings``: what the console has about the account."""

    def __init__(self, account: Account) -> None:
        self.channels: list[dict[str, Any]] = []
        """Objects as PortOne sends them."""
        shared = account.agency.state(_Shared)
        self.tiers = shared.tiers
        """Objects as PortOne sends them, by ``tier_code``. All Tiers have the agency's."""
        self._serials = shared.serials
        # Invented: one channel of each type.
        self.add_channel()
        self.add_channel(pg_provider="nice", pg_id="nictest04m", type="api_payment")
        self.add_channel(pg_provider="danal", pg_id="A010002002", type="certification")

    @guarded
    def add_channel(self, **fields: Any) -> PgSetting:
        """Add a channel, by default one for the payment window of KG Inicis; return it."""
        serial = next(self._serials)
        defaults = {
            "pg_provider": "html5_inicis",
            "pg_id": "INIpayTest",
            "type": "payment",
            "sandbox": True,
            "channel_key": f"channel-key-00000000-0000-4000-8000-{serial:012}",
            "channel_name": f"채널 {serial}",
        }
        channel = encode(PgSetting, {**blank(PgSetting), **defaults, **fields})
        self.channels.append(channel)
        return PgSetting(**channel)

    @guarded
    def add_tier(self, tier_code: str, *, tier_name: str | None = None) -> Tier:
        """Add a sub-merchant, or rename it; return it."""
        self.tiers[tier_code] = {"tier_code": tier_code, "tier_name": tier_name}
        return Tier(tier_code=tier_code, tier_name=tier_name)


def pg_settings(account: Account, _: RecordedRequest, __: Mapping[str, str]) -> Reply:
    return envelope(account.state(AccountSettings).channels)


def tier(account: Account, _: RecordedRequest, path: Mapping[str, str]) -> Reply:
    found = account.state(AccountSettings).tiers.get(path["tier_code"])
    return tier_not_found() if found is None else envelope(found)


def tier_not_found() -> Reply:
    """Build the reply about an unknown sub-merchant. The message is not documented."""
    return failure(404, "등록되지 않은 tier_code입니다.")


ROUTES = (
    Route("GET", "/users/pg", pg_settings),
    Route("GET", "/tiers/{tier_code}", tier),
)
