"""Names of card companies and banks, by code.

API: https://developers.portone.io/api/rest-v1/code
"""

from __future__ import annotations

from collections.abc import Mapping

from portone_async.testing.account import Account
from portone_async.testing.reply import Reply, envelope, failure
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Route

CARDS = {
    "361": "BC카드",
    "364": "광주카드",
    "365": "삼성카드",
    "366": "신한카드",
    "367": "현대카드",
    "368": "롯데카드",
    "381": "KB국민카드",
}
BANKS = {
    "003": "기업은행",
    "004": "국민은행",
    "020": "우리은행",
    "081": "하나은행",
    "088": "신한은행",
    "090": "카카오뱅크",
    "092": "토스뱅크",
}


def cards(_: Account, __: RecordedRequest, ___: Mapping[str, str]) -> Reply:
    return _list(CARDS)


def banks(_: Account, __: RecordedRequest, ___: Mapping[str, str]) -> Reply:
    return _list(BANKS)


def card(_: Account, __: RecordedRequest, path: Mapping[str, str]) -> Reply:
    return _named(CARDS, path["card_standard_code"])


def bank(_: Account, __: RecordedRequest, path: Mapping[str, str]) -> Reply:
    return _named(BANKS, path["bank_standard_code"])


def _list(names: Mapping[str, str]) -> Reply:
    return envelope([{"code": code, "name": name} for code, name in names.items()])


def _named(names: Mapping[str, str], code: str) -> Reply:
    if code not in names:
        # The message is not documented.
        return failure(404, "존재하지 않는 코드입니다.")
    return envelope({"code": code, "name": names[code]})


ROUTES = (
    Route("GET", "/cards", cards),
    Route("GET", "/cards/{card_standard_code}", card),
    Route("GET", "/banks", banks),
    Route("GET", "/banks/{bank_standard_code}", bank),
)
