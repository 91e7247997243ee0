"""``server.certifications``: identity checks and their confirmation by an SMS.

API: https://developers.portone.io/api/rest-v1/certification
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

import msgspec

from portone_async.models.certifications import Certification
from portone_async.testing.account import Account
from portone_async.testing.guard import guarded
from portone_async.testing.parameters import Parameters, refusing
from portone_async.testing.record import blank, encode
from portone_async.testing.reply import Reply, envelope, failure
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Route

__all__ = ("ROUTES", "Certifications")

_REQUIRED = ("name", "phone", "birth", "gender_digit", "carrier", "channel_key")
_CARRIERS = ("SKT", "KT", "LGT")
# The field is not documented, and real results of some PGs lack it.
_BLANK = {name: value for name, value in blank(Certification).items() if name != "birth"}


class _Serials:
    """The serial numbers of checks, over the agency and its Tiers."""

    def __init__(self, _: Account) -> None:
        self.numbers = count(1)


class Certifications:
    """``server.certifications``: the identity checks that the fake PortOne knows."""

    def __init__(self, account: Account) -> None:
        self._clock = account.clock
        # The ids of all Tiers differ.
        self._serials = account.agency.state(_Serials).numbers
        self.by_uid: dict[str, dict[str, Any]] = {}
        """Objects as PortOne sends them, by ``imp_uid``."""
        self.pending: dict[str, dict[str, Any]] = {}
        """What a confirmation fills in, by ``imp_uid``."""
        self.otp = "123456"
        """The code of every SMS."""
        self.sent_sms = 0
        """How many messages were sent."""

    @guarded
    def add(self, **fields: Any) -> Certification:
        """Add a finished check of an invented person; ``certified=False`` for an unfinished one."""
        record = self._new(fields)
        if record["certified"]:
            record |= encode(Certification, _PERSON | {"certified_at": int(self._clock.now)})
            record |= encode(Certification, fields)
        self.by_uid[record["imp_uid"]] = record
        return msgspec.convert(record, Certification, strict=False)

    @guarded
    def start(self, person: Mapping[str, Any], **fields: Any) -> str:
        """Start a check with an SMS; return its ``imp_uid``."""
        record = self._new({"certified": False, **fields})
        imp_uid: str = record["imp_uid"]
        self.by_uid[imp_uid] = record
        self.pending[imp_uid] = _PERSON | {"unique_key": f"CI-{imp_uid}"} | dict(person)
        self.sent_sms += 1
        return imp_uid

    @guarded
    def confirm(self, imp_uid: str) -> dict[str, Any]:
        """Finish a check; return its object."""
        person = self.pending.pop(imp_uid) | {"certified_at": int(self._clock.now)}
        self.by_uid[imp_uid] |= encode(Certification, person | {"certified": True})
        return self.by_uid[imp_uid]

    @guarded
    def remove(self, imp_uid: str) -> dict[str, Any]:
        """Delete a check; return its object."""
        self.pending.pop(imp_uid, None)
        return self.by_uid.pop(imp_uid)

    def _new(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        serial = next(self._serials)
        defaults = {
            "imp_uid": f"imp_{790000000000 + serial}",
            "merchant_uid": f"cert_{serial:06}",
            "pg_provider": "danal",
            "certified": True,
            "origin": "https://shop.example.com/join",
        }
        return encode(Certification, {**_BLANK, **defaults, **fields})


# Invented.
_PERSON = {
    "name": "홍길동",
    "gender": "male",
    "birthday": "1990-01-02",
    "phone": "01000000000",
    "carrier": "SKT",
    "pg_tid": "202603010000000000",
    "unique_key": "CI-OF-A-PERSON-WHO-IS-NOT",
    "unique_in_site": "DI-OF-A-PERSON-WHO-IS-NOT",
}


def not_found() -> Reply:
    return failure(404, "인증결과가 존재하지 않습니다.")


def get(account: Account, _: RecordedRequest, path: Mapping[str, str]) -> Reply:
    found = account.state(Certifications).by_uid.get(path["imp_uid"])
    return not_found() if found is None else envelope(found)


def delete(account: Account, _: RecordedRequest, path: Mapping[str, str]) -> Reply:
    certifications = account.state(Certifications)
    if path["imp_uid"] not in certifications.by_uid:
        return not_found()
    return envelope(certifications.remove(path["imp_uid"]))


def request_otp(account: Account, request: RecordedRequest, _: Mapping[str, str]) -> Reply:
    parameters = Parameters.of(request)
    parameters.require(*_REQUIRED)
    parameters.flag("is_mvno")
    for name in ("company", "pg", "bypass"):
        parameters.text(name)
    parameters.text("verification_method", words=("SMS", "APP"))
    digits = {name: _digits(parameters.text(name)) for name in ("phone", "birth")}
    # PortOne documents a 400 for wrong data, without its text. Whether the person exists is not
    # checked here.
    if len(digits["birth"]) != 6 or parameters.text("gender_digit") not in set("12345678"):
        return failure(400, "본인인증 대상자의 정보가 올바르지 않습니다.")
    person = {
        "name": parameters.text("name"),
        "phone": digits["phone"],
        "carrier": parameters.text("carrier", words=_CARRIERS),
        "gender": _gender(parameters.text("gender_digit")),
        "birthday": _birthday(digits["birth"], parameters.text("gender_digit")),
    }
    merchant_uid = parameters.text("merchant_uid")
    imp_uid = account.state(Certifications).start(person, merchant_uid=merchant_uid)
    return envelope({"imp_uid": imp_uid})


def confirm_otp(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
    certifications = account.state(Certifications)
    parameters = Parameters.of(request)
    imp_uid = path["imp_uid"]
    # The texts of these refusals are invented.
    if imp_uid not in certifications.by_uid:
        return failure(404, "인증요청건이 존재하지 않습니다.")
    if imp_uid not in certifications.pending:
        return failure(400, "이미 인증이 완료된 건입니다.")
    parameters.require("otp")
    if parameters.text("otp") != certifications.otp:
        # What PortOne answers to a wrong code is not documented.
        return failure(400, "인증번호가 일치하지 않습니다.")
    return envelope(certifications.confirm(imp_uid))


def _digits(text: str | None) -> str:
    return "".join(char for char in text or "" if char.isdecimal())


def _gender(digit: str | None) -> str:
    return "male" if digit in ("1", "3", "5", "7") else "female"


def _birthday(birth: str, digit: str | None) -> str:
    century = "19" if digit in ("1", "2", "5", "6") else "20"
    return f"{century}{birth[:2]}-{birth[2:4]}-{birth[4:]}"


ROUTES = (
    Route("GET", "/certifications/{imp_uid}", get),
    Route("DELETE", "/certifications/{imp_uid}", delete),
    Route("POST", "/certifications/otp/request", refusing(request_otp)),
    Route("POST", "/certifications/otp/confirm/{imp_uid}", refusing(confirm_otp)),
)
