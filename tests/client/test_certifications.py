"""``client.certifications``: identity checks."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import pytest

from portone_async import (
    ApiError,
    InvalidRequestError,
    OutcomeUnknownError,
    PortOneClient,
    PortOneError,
    UnexpectedResponseError,
)
from portone_async.models.certifications import Certification
from portone_async.resources.certifications import CertificationNotFoundError
from portone_async.testing import (
    FakePortOne,
    HtmlPage,
    Json,
    LostAnswer,
    Reset,
    Status,
)
from tests.support.canaries import error_texts, package_frames, pickled_texts, renderings

PERSON: dict[str, Any] = {
    "name": "김심은",
    "phone": "010-9876-5432",
    "birth": "900102",
    "gender_digit": "1",
    "carrier": "SKT",
    "channel_key": "channel-key-1",
}
DANAL: dict[str, Any] = {
    "birth": -631206000,
    "birthday": "1950-01-02",
    "carrier": "SKT",
    "certified": True,
    "certified_at": 1772331200,
    "foreigner": False,
    "foreigner_v2": False,
    "gender": "male",
    "imp_uid": "imp_770000000212",
    "merchant_uid": "cert_1772331180000",
    "name": "김심은",
    "origin": "https://shop.example.com/join",
    "pg_provider": "danal",
    "pg_tid": "202603010000000000",
    "phone": "01098765432",
    "unique_in_site": "AAAADI==",
    "unique_key": "BBBBCI==",
}
INICIS: dict[str, Any] = {
    "birthday": "1990-01-02",
    "certified": True,
    "certified_at": 1772331200,
    "foreigner": False,
    "foreigner_v2": None,
    "gender": None,
    "imp_uid": "imp_770000000213",
    "merchant_uid": "join 1001 홍길동",
    "name": "홍길동",
    "origin": "about:blank",
    "pg_provider": "inicis_unified",
    "pg_tid": "INIUCERT00000000000000000000000000000001",
    "phone": "01000000000",
    "unique_in_site": None,
    "unique_key": "BBBBCI==",
}
UNCERTIFIED: dict[str, Any] = {
    "birthday": None,
    "carrier": None,
    "certified": False,
    "certified_at": 0,
    "foreigner": False,
    "foreigner_v2": None,
    "gender": None,
    "imp_uid": "imp_770000000214",
    "merchant_uid": "cert_1772331190000",
    "name": None,
    "origin": "https://shop.example.com/join",
    "pg_provider": "danal",
    "pg_tid": None,
    "phone": None,
    "unique_in_site": None,
    "unique_key": None,
}


def answer(response: Any, *, code: int = 0, message: str | None = None) -> dict[str, Any]:
    return {"code": code, "message": message, "response": response}


async def start(client: PortOneClient, **changes: Any) -> str:
    """Start a check by SMS and return its id."""
    person: dict[str, Any] = PERSON | changes
    return (await client.certifications.request_otp(**person)).imp_uid


# get


async def test_certification_has_the_person(server: FakePortOne, client: PortOneClient) -> None:
    added = server.certifications.add(name="홍길동")

    found = await client.certifications.get(added.imp_uid)

    assert found == added
    assert found.certified is True
    assert (found.name, found.birthday) == ("홍길동", date(1990, 1, 2))
    assert server.requests[-1].target == f"/certifications/{added.imp_uid}"


async def test_samples_decode(server: FakePortOne, client: PortOneClient) -> None:
    found: list[Certification] = []
    for sample in (DANAL, INICIS, UNCERTIFIED):
        server.fail(Json(answer(sample)))
        found.append(await client.certifications.get(sample["imp_uid"]))
    danal, inicis, uncertified = found

    assert (danal.birth, danal.birthday) == (-631206000, date(1950, 1, 2))
    assert danal.certified_at == datetime(2026, 3, 1, 2, 13, 20, tzinfo=UTC)
    assert (inicis.carrier, inicis.unique_in_site, inicis.gender) == (None, None, None)
    assert (uncertified.certified, uncertified.certified_at) == (False, None)
    assert danal.raw == DANAL


async def test_unfinished_check_is_a_success_without_certification(
    server: FakePortOne, client: PortOneClient
) -> None:
    added = server.certifications.add(certified=False)

    found = await client.certifications.get(added.imp_uid)

    assert found.certified is False
    assert found.unique_key is None


@pytest.mark.parametrize("certified", [None, "N", {}])
async def test_certified_of_another_type_is_not_true(
    server: FakePortOne, client: PortOneClient, certified: Any
) -> None:
    server.fail(Json(answer(DANAL | {"certified": certified, "phone": 1098765432, "new": [1]})))

    found = await client.certifications.get(DANAL["imp_uid"])

    assert not found.certified
    assert found.phone is None
    assert "phone" in found.unreadable


async def test_missing_certification_is_not_found(
    server: FakePortOne, client: PortOneClient
) -> None:
    for method in (client.certifications.get, client.certifications.delete):
        with pytest.raises(CertificationNotFoundError) as caught:
            await method("imp_0")
        assert caught.value.identifiers == {"imp_uid": "imp_0"}
    with pytest.raises(CertificationNotFoundError):
        await client.certifications.confirm_otp("imp_0", otp="123456")


async def test_404_of_a_gateway_is_not_a_missing_certification(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(HtmlPage(404))

    with pytest.raises(UnexpectedResponseError):
        await client.certifications.get("imp_1")


async def test_response_about_another_certification_is_rejected(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Json(answer(DANAL)))

    with pytest.raises(UnexpectedResponseError, match="another certification"):
        await client.certifications.get("imp_1")


@pytest.mark.parametrize("imp_uid", ["", "..", "a/b"])
async def test_id_that_cannot_be_in_a_path_is_not_sent(
    server: FakePortOne, client: PortOneClient, imp_uid: str
) -> None:
    for call in (
        client.certifications.get(imp_uid),
        client.certifications.delete(imp_uid),
        client.certifications.confirm_otp(imp_uid, otp="1"),
    ):
        with pytest.raises(InvalidRequestError):
            await call
    assert not server.requests


# delete


async def test_deleted_certification_is_returned(
    server: FakePortOne, client: PortOneClient
) -> None:
    added = server.certifications.add()

    assert await client.certifications.delete(added.imp_uid) == added
    assert (server.requests[-1].method, server.requests[-1].body) == ("DELETE", b"")
    with pytest.raises(CertificationNotFoundError):
        await client.certifications.get(added.imp_uid)


async def test_deletion_whose_answer_is_lost_is_found_done(
    server: FakePortOne, client: PortOneClient
) -> None:
    added = server.certifications.add()
    server.fail(LostAnswer(), method="DELETE")

    assert await client.certifications.delete(added.imp_uid, settle=0) is None
    assert server.count("/certifications", "DELETE") == 1


async def test_deletion_that_was_not_processed_is_sent_again(
    server: FakePortOne, client: PortOneClient
) -> None:
    added = server.certifications.add()
    server.fail(Reset(), method="DELETE")

    assert await client.certifications.delete(added.imp_uid, settle=0) == added
    assert server.count("/certifications", "DELETE") == 2


async def test_second_deletion_that_finds_nothing_is_done(
    server: FakePortOne, client: PortOneClient
) -> None:
    added = server.certifications.add()
    sample = UNCERTIFIED | {"imp_uid": added.imp_uid}
    server.fail(LostAnswer(), method="DELETE")
    server.fail(Json(answer(sample)), method="GET")  # It still looks undeleted.

    assert await client.certifications.delete(added.imp_uid, settle=0) is None
    assert server.count("/certifications", "DELETE") == 2


async def test_trouble_of_the_database_leaves_the_deletion_open(
    server: FakePortOne, client: PortOneClient
) -> None:
    added = server.certifications.add()
    server.fail(Json(answer(None, code=-1), status=500), method="DELETE")
    server.fail(Status(503), method="GET", times=None)

    with pytest.raises(OutcomeUnknownError) as caught:
        await client.certifications.delete(added.imp_uid, settle=0)

    assert not caught.value.is_transient
    assert server.count("/certifications", "DELETE") == 1


# request_otp


async def test_otp_request_sends_its_parameters(server: FakePortOne, client: PortOneClient) -> None:
    request = await client.certifications.request_otp(
        **PERSON,
        is_mvno=True,
        company="shop.example.com",
        merchant_uid="join-1",
        pg="danal.A010002002",
        verification_method="SMS",
        bypass="{}",
        extra_body={"new": 1},
    )

    sent = server.requests[-1]
    assert (sent.method, sent.target) == ("POST", "/certifications/otp/request")
    assert json.loads(sent.body) == PERSON | {
        "is_mvno": True,
        "company": "shop.example.com",
        "merchant_uid": "join-1",
        "pg": "danal.A010002002",
        "verification_method": "SMS",
        "bypass": "{}",
        "new": 1,
    }
    assert (await client.certifications.get(request.imp_uid)).certified is False


async def test_lost_answer_of_an_otp_request_sends_one_sms(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(LostAnswer())

    with pytest.raises(OutcomeUnknownError, match="no look-up"):
        await client.certifications.request_otp(**PERSON)

    assert server.certifications.sent_sms == 1
    assert server.count("/certifications") == 1


async def test_wrong_data_of_a_person_is_an_api_error(
    server: FakePortOne, client: PortOneClient
) -> None:
    with pytest.raises(ApiError) as caught:
        await start(client, gender_digit="9")

    assert caught.value.status == 400
    assert server.certifications.sent_sms == 0


async def test_trouble_of_danal_leaves_the_request_open(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Json(answer(None, code=-1, message="danal 오류"), status=500))

    with pytest.raises(OutcomeUnknownError):
        await client.certifications.request_otp(**PERSON)

    assert server.count("/certifications") == 1


# confirm_otp


async def test_confirmation_returns_the_person(server: FakePortOne, client: PortOneClient) -> None:
    imp_uid = await start(client)

    found = await client.certifications.confirm_otp(imp_uid, otp=server.certifications.otp)

    assert found.certified is True
    assert (found.name, found.phone, found.gender) == ("김심은", "01098765432", "male")
    sent = server.requests[-1]
    assert (sent.method, sent.target) == ("POST", f"/certifications/otp/confirm/{imp_uid}")
    assert json.loads(sent.body) == {"otp": "123456"}


async def test_confirmation_by_app_sends_no_code(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Json(answer(DANAL)))

    await client.certifications.confirm_otp(DANAL["imp_uid"])

    assert json.loads(server.requests[-1].body) == {}


async def test_second_confirmation_returns_the_first_result(
    server: FakePortOne, client: PortOneClient
) -> None:
    imp_uid = await start(client)
    first = await client.certifications.confirm_otp(imp_uid, otp="123456")

    assert await client.certifications.confirm_otp(imp_uid, otp="123456") == first


async def test_wrong_code_is_refused(server: FakePortOne, client: PortOneClient) -> None:
    imp_uid = await start(client)

    with pytest.raises(ApiError) as caught:
        await client.certifications.confirm_otp(imp_uid, otp="654321", settle=0)

    assert caught.value.status == 400
    assert (await client.certifications.get(imp_uid)).certified is False


async def test_lost_answer_of_a_confirmation_is_looked_up(
    server: FakePortOne, client: PortOneClient
) -> None:
    imp_uid = await start(client)
    server.fail(LostAnswer(), method="POST")

    found = await client.certifications.confirm_otp(imp_uid, otp="123456", settle=0)

    assert found.certified is True
    assert server.count("/certifications/otp/confirm") == 1


async def test_confirmation_that_was_not_processed_is_sent_again(
    server: FakePortOne, client: PortOneClient
) -> None:
    imp_uid = await start(client)
    server.fail(Reset(), method="POST")

    found = await client.certifications.confirm_otp(imp_uid, otp="123456", settle=0)

    assert found.certified is True
    assert server.count("/certifications/otp/confirm") == 2


async def test_confirmation_of_a_check_that_disappears_is_not_found(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Reset(), method="POST")

    with pytest.raises(CertificationNotFoundError):
        await client.certifications.confirm_otp("imp_0", otp="123456", settle=0)


async def test_confirmation_stays_unknown_while_look_ups_fail(
    server: FakePortOne, client: PortOneClient
) -> None:
    imp_uid = await start(client)
    server.fail(LostAnswer(), method="POST")
    server.fail(Status(503), method="GET", times=None)

    with pytest.raises(OutcomeUnknownError):
        await client.certifications.confirm_otp(imp_uid, otp="123456", settle=0)

    assert server.count("/certifications/otp/confirm") == 1


# Personal data


def test_repr_of_a_certification_shows_no_personal_data() -> None:
    texts = list(renderings(msgspec.convert(DANAL, Certification, strict=False)))

    secrets = ("김심은", "01098765432", "1950", "631206000", "AAAADI", "BBBBCI", "cert_17")
    assert [secret for secret in secrets for text in texts if secret in text] == []


ECHO = answer(None, code=-1, message="김심은님(01098765432, 900102) 오류")
OTP_ECHO = answer(None, code=-1, message="인증번호 654321 오류")


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize("is_echo", [True, False])
@pytest.mark.parametrize("method", ["request_otp", "extra_body", "confirm_otp"])
async def test_no_error_has_personal_data(
    server: FakePortOne, client: PortOneClient, method: str, status: int, is_echo: bool
) -> None:
    imp_uid = server.certifications.add(certified=False).imp_uid
    echo = OTP_ECHO if method == "confirm_otp" else ECHO
    server.fail(Json(echo, status=status) if is_echo else Reset(), method="POST", times=None)

    with pytest.raises(PortOneError) as caught:
        await called(client, method, imp_uid)

    error = package_frames(caught.value)
    texts = [*error_texts(error), *pickled_texts(error)]
    # Of the phone number more than four digits: the duration in a pickle may have them.
    spelled = ("김심은", "98765432", "9876-5432", "900102", "654321")
    assert not [secret for text in texts for secret in spelled if secret in text]


async def called(client: PortOneClient, method: str, imp_uid: str) -> object:
    if method == "confirm_otp":
        return await client.certifications.confirm_otp(imp_uid, otp="654321", settle=0)
    extra = {"person": {"name": "김심은"}} if method == "extra_body" else None
    return await client.certifications.request_otp(**PERSON, extra_body=extra)
