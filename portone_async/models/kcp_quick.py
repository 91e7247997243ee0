"""Members and keys of KCP quick pay.

Source: ``KcpQuickMemberAnnotation`` of PortOne's V1 REST API (``DELETE /kcpquick/members/{member_id}``,
https://developers.portone.io/api/rest-v1/kcpQuick).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, ClassVar

from ._record import AWARE, ResponseRecord

__all__ = ("KcpQuickFido", "KcpQuickKey", "KcpQuickMember")


class KcpQuickMember(ResponseRecord, frozen=True, kw_only=True):
    """A member of KCP quick pay. Only :attr:`member_id` is always there."""

    shown: ClassVar[tuple[str, ...]] = (
        "member_id",
        "pg_provider",
        "pg_id",
        "inserted",
        "updated",
    )
    public: ClassVar = shown

    member_id: str
    """The shop's id of the member at KCP."""
    pg_provider: str | None = None
    pg_id: str | None = None
    inserted: Annotated[datetime, AWARE] | None = None
    updated: Annotated[datetime, AWARE] | None = None


class KcpQuickKey(ResponseRecord, frozen=True, kw_only=True):
    """The name of an automatic payment key that was deleted."""

    shown: ClassVar[tuple[str, ...]] = ("customer_uid",)
    public: ClassVar = shown

    customer_uid: str
    """The shop's name for the key."""


class KcpQuickFido(ResponseRecord, frozen=True, kw_only=True):
    """The member whose biometric sign-in was ended."""

    shown: ClassVar[tuple[str, ...]] = ("member_id",)
    public: ClassVar = shown

    member_id: str
    """The shop's id of the member at KCP."""
