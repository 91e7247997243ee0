"""Identity checks of the fake."""

from __future__ import annotations

from typing import Any

import pytest

from portone_async.testing import FakePortOne
from tests.support.fake_http import fetch_json

PERSON: dict[str, Any] = {
    "name": "홍길동",
    "phone": "010.1111.2222",
    "birth": "05-12-31",
    "gender_digit": "4",
    "carrier": "KT",
    "channel_key": "channel-key-1",
}


async def request(server: FakePortOne, **fields: Any) -> tuple[int, Any]:
    person = {name: value for name, value in (PERSON | fields).items() if value is not None}
    return await fetch_json(server, "/certifications/otp/request", method="POST", json=person)


async def confirm(server: FakePortOne, imp_uid: str, **body: Any) -> tuple[int, Any]:
    target = f"/certifications/otp/confirm/{imp_uid}"
    return await fetch_json(server, target, method="POST", json=body)


async def test_check_is_uncertified_until_it_is_confirmed(server: FakePortOne) -> None:
    _, started = await request(server, merchant_uid="join-1")
    imp_uid = started["response"]["imp_uid"]
    _, before = await fetch_json(server, f"/certifications/{imp_uid}")
    _, confirmed = await confirm(server, imp_uid, otp=server.certifications.otp)
    _, after = await fetch_json(server, f"/certifications/{imp_uid}")

    assert before["response"]["certified"] is False
    assert before["response"]["name"] is None
    assert before["response"]["certified_at"] == 0
    assert confirmed == after
    result = after["response"]
    assert (result["certified"], result["merchant_uid"]) == (True, "join-1")
    assert (result["name"], result["phone"]) == ("홍길동", "01011112222")
    assert (result["birthday"], result["gender"]) == ("2005-12-31", "female")


@pytest.mark.parametrize("name", PERSON)
async def test_otp_request_without_a_parameter_sends_no_sms(server: FakePortOne, name: str) -> None:
    status, body = await request(server, **{name: None})

    assert (status, body["response"], server.certifications.sent_sms) == (400, None, 0)
    assert name in body["message"]


@pytest.mark.parametrize(
    "wrong",
    [{"carrier": "SKB"}, {"birth": "1"}, {"gender_digit": "9"}, {"is_mvno": "yes"}, {"phone": 1}],
    ids=repr,
)
async def test_wrong_data_gets_400(server: FakePortOne, wrong: dict[str, Any]) -> None:
    status, body = await request(server, **wrong)

    assert (status, body["code"], server.certifications.sent_sms) == (400, -1, 0)


async def test_wrong_absent_or_second_code_gets_400(server: FakePortOne) -> None:
    _, started = await request(server)
    imp_uid = started["response"]["imp_uid"]

    assert (await confirm(server, imp_uid, otp="0"))[0] == 400
    assert (await confirm(server, imp_uid))[0] == 400
    assert (await confirm(server, imp_uid, otp="123456"))[0] == 200
    assert (await confirm(server, imp_uid, otp="123456"))[0] == 400


async def test_missing_check_gets_the_exact_404(server: FakePortOne) -> None:
    missing = {"code": -1, "message": "인증결과가 존재하지 않습니다.", "response": None}

    assert await fetch_json(server, "/certifications/imp_0") == (404, missing)
    assert await fetch_json(server, "/certifications/imp_0", method="DELETE") == (404, missing)
    assert (await confirm(server, "imp_0", otp="123456"))[0] == 404


async def test_deleted_check_is_returned_once(server: FakePortOne) -> None:
    added = server.certifications.add(name="홍길동")
    target = f"/certifications/{added.imp_uid}"

    status, body = await fetch_json(server, target, method="DELETE")

    assert (status, body["response"]["name"]) == (200, "홍길동")
    assert (await fetch_json(server, target, method="DELETE"))[0] == 404


def test_added_check_has_the_given_fields() -> None:
    certifications = FakePortOne().certifications

    assert certifications.add(birth=-1, carrier=None).birth == -1
    assert certifications.add(certified=False).unique_key is None
    assert certifications.add().imp_uid != certifications.add().imp_uid
