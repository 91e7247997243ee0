"""``client.account``: the channels of the account and its sub-merchants.

API: https://developers.portone.io/api/rest-v1/auth
"""

from __future__ import annotations

from portone_async.call import Call, Caller, Failure, Repeat
from portone_async.errors import NotFoundError
from portone_async.models.account import PgSetting, Tier

from ._request import path_value

__all__ = ("Account", "TierNotFoundError")


class TierNotFoundError(NotFoundError):
    """PortOne reports that there is no sub-merchant of this code, or that it was deleted."""

    advice = "Tier codes are three characters of A-Z and 0-9. The console lists them."


class Account:
    """The operations of ``/users/pg`` and ``/tiers``."""

    def __init__(self, client: Caller) -> None:
        self._client = client

    async def pg_settings(self) -> list[PgSetting]:
        """List the channels of the account, with the ``channel_key`` that other operations take.

        Raises:
            PortOneError: The call failed.

        Source: ``GET /users/pg``.
        """
        return await self._client.call(
            Call("GET", "/users/pg", list[PgSetting], repeat=Repeat.READ)
        )

    async def tier(self, tier_code: str) -> Tier:
        """Return a sub-merchant.

        Args:
            tier_code: Three characters of ``A-Z`` and ``0-9``.

        Raises:
            TierNotFoundError: PortOne reports no sub-merchant of this code.
            InvalidRequestError: The code cannot be part of a path; nothing was sent.
            PortOneError: The call failed; whether there is one is unknown.

        Source: ``GET /tiers/{tier_code}``.
        """
        path = {"tier_code": path_value("tier_code", tier_code)}

        def check(tier: Tier) -> str | None:
            return None if tier.tier_code == tier_code else "PortOne answered with another tier"

        return await self._client.call(
            Call(
                "GET",
                "/tiers/{tier_code}",
                Tier,
                path=path,
                identifiers=path,
                check=check,
                classify=_classify,
                repeat=Repeat.READ,
            )
        )


def _classify(failure: Failure) -> type[TierNotFoundError] | None:
    # The message of this 404 is not documented (`doctor`: `tier-not-found`).
    return TierNotFoundError if failure.status == 404 else None
