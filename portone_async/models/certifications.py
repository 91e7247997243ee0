"""Results of identity checks.

Source: the ``CertificationAnnotation`` of PortOne's V1 REST API.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, ClassVar

from ._record import AWARE, ResponseRecord

__all__ = ("Certification", "OtpRequest")


class Certification(ResponseRecord, frozen=True, kw_only=True):
    """An identity check and, once it is certified, the person.

    Only :attr:`certified` tells whether the person was identified: PortOne has the record from
    the start of the check on. Nearly all fields are personal data. The ``repr`` shows none of them.
    """

    shown: ClassVar[tuple[str, ...]] = ("imp_uid", "pg_provider", "certified", "certified_at")
    public: ClassVar = (*shown, "pg_tid")

    imp_uid: str
    """PortOne's id of the check."""
    pg_provider: str | None = None
    """The PG that checks, as in ``danal``."""
    certified: bool | None = None
    """``True`` only if the person was identified."""
    certified_at: Annotated[datetime, AWARE] | None = None
    """When the person was identified."""
    merchant_uid: str | None = None
    """The shop's own number of the check. It may be any text, also one with a name."""
    pg_tid: str | None = None
    """The PG's id of the check."""
    name: str | None = None
    """The person's name."""
    gender: str | None = None
    """``male`` or ``female``."""
    birthday: date | None = None
    """The date of birth."""
    birth: int | None = None
    """The start of the birthday in Unix seconds, negative before 1970. PortOne does not document
    this field, and ``doctor`` does not read it: it knows no identity check to look up."""
    foreigner: bool | None = None
    """Whether the person is a foreigner. Always ``False`` where danal's option is not booked."""
    foreigner_v2: bool | None = None
    """Whether the person is a foreigner; ``None`` where danal's option is not booked."""
    phone: str | None = None
    """Digits only. Absent unless the carriers approved the shop."""
    carrier: str | None = None
    """Absent unless the carriers approved the shop."""
    unique_key: str | None = None
    """The CI: the same for a person in every shop."""
    unique_in_site: str | None = None
    """The DI: the same for a person in one shop."""
    origin: str | None = None
    """The page of the check: a URL of any scheme and length."""


class OtpRequest(ResponseRecord, frozen=True, kw_only=True):
    """An identity check that was started with an SMS."""

    shown: ClassVar[tuple[str, ...]] = ("imp_uid",)
    public: ClassVar = shown

    imp_uid: str
    """PortOne's id of the check, for its confirmation."""
