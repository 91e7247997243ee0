"""The fake's schedules, over HTTP."""

from __future__ import annotations

from typing import Any

import pytest

from portone_async.models.schedules import Schedule
from portone_async.testing import FakePortOne
from tests.support.fake_http import fetch_json

DAY = 24 * 60 * 60
# 2026-03-01 00:00 in Korea.
MARCH = 1772290800
CARD = {"card_number": "1234-5678-9012-3456", "expiry": "2031-12"}


@pytest.fixture(name="server")
async def _server() -> Any:
    async with FakePortOne(now=MARCH) as server:
        server.billing_keys.add(customer_uid="key-1", customer_name="홍길동")
        yield server


def item(merchant_uid: str = "SUB-1", **fields: Any) -> dict[str, Any]:
    return {
        "merchant_uid": merchant_uid,
        "schedule_at": MARCH + DAY,
        "amount": 9900,
        "name": "월 이용료",
    } | fields


async def post(server: FakePortOne, path: str, **fields: Any) -> tuple[int, dict[str, Any]]:
    target = f"/subscribe/payments/{path}"
    return await fetch_json(server, target, method="POST", json=fields)


async def book(server: FakePortOne, *items: Any, **fields: Any) -> tuple[int, dict[str, Any]]:
    body = {"customer_uid": "key-1", "schedules": list(items)} | fields
    return await post(server, "schedule", **body)


def state_of(server: FakePortOne, merchant_uid: str = "SUB-1") -> tuple[str, str | None]:
    body = server.schedules.body(merchant_uid)
    return body["schedule_status"], body["payment_status"]


def payments_of(server: FakePortOne, merchant_uid: str = "SUB-1") -> list[str]:
    return [entry.status for entry in server.payments.of_order(merchant_uid, sorting="started")]


async def test_booked_schedules_are_returned_in_an_array(server: FakePortOne) -> None:
    status, body = await book(server, item(), item("SUB-2", buyer_name="김철수"))

    assert (status, body["code"]) == (200, 0)
    first, second = body["response"]
    assert first["schedule_status"] == "scheduled"
    assert (first["imp_uid"], first["payment_status"], first["executed_at"]) == (None, None, 0)
    assert (first["buyer_name"], second["buyer_name"]) == ("홍길동", "김철수")
    assert first["currency"] == "KRW"


async def test_schedule_runs_when_the_clock_reaches_its_time(server: FakePortOne) -> None:
    await book(server, item())

    server.advance(DAY - 10)
    assert state_of(server) == ("scheduled", None)
    server.advance(11)

    assert state_of(server) == ("executed", "paid")
    _, body = await fetch_json(server, "/subscribe/payments/schedule/SUB-1")
    imp_uid = body["response"]["imp_uid"]
    _, payment = await fetch_json(server, f"/payments/{imp_uid}")
    assert payment["response"]["amount"] == 9900
    assert payment["response"]["customer_uid_usage"] == "payment.scheduled"
    assert payment["response"]["paid_at"] == MARCH + DAY == body["response"]["executed_at"]
    assert payment["response"]["buyer_name"] == "홍길동"


async def test_declined_schedule_is_executed_and_not_paid(server: FakePortOne) -> None:
    await book(server, item(), item("SUB-2"))
    server.schedules.decline("SUB-1", "[3095]한도초과")

    server.advance(DAY)

    assert state_of(server) == ("executed", "failed")
    assert state_of(server, "SUB-2") == ("executed", "paid")
    assert server.schedules.body("SUB-1")["fail_reason"] == "[3095]한도초과"


async def test_schedule_fails_if_its_key_declines_or_was_deleted(server: FakePortOne) -> None:
    await book(server, item(), item("SUB-2", schedule_at=MARCH + 2 * DAY))
    server.billing_keys.decline("key-1", times=1)
    server.advance(DAY)
    server.billing_keys.remove("key-1")
    server.advance(DAY)

    assert state_of(server) == state_of(server, "SUB-2") == ("executed", "failed")


async def test_cancelled_payment_shows_in_its_schedule(server: FakePortOne) -> None:
    await book(server, item())
    server.advance(DAY)

    server.update(server.schedules.body("SUB-1")["imp_uid"], status="cancelled")

    assert state_of(server) == ("executed", "cancelled")


@pytest.mark.parametrize(
    ("body", "code", "text"),
    [
        ({"customer_uid": "key-9"}, 1, "등록된 고객정보가 없습니다."),
        ({"schedules": []}, -1, "schedules"),
        ({"schedules": None}, -1, "schedules"),
        ({"customer_uid": None}, -1, "customer_uid"),
        ({"schedules": ["SUB-1"]}, -1, "schedules"),
        ({"schedules": [item(amount=None)]}, -1, "amount"),
        ({"schedules": [item(amount="9900")]}, -1, "amount"),
        ({"schedules": [item(amount=0)]}, -1, "금액"),
        ({"schedules": [item(schedule_at=MARCH - 1)]}, -1, "과거"),
        ({"schedules": [item(product_type="other")]}, -1, "product_type"),
        ({"schedules": [item(buyer_name=1)]}, -1, "buyer_name"),
        ({"schedules": [item(), item()]}, 1, "이미"),
        ({"card_number": "1234", "expiry": "2031-12"}, 1, "F112"),
        ({"card_number": "1234-5678-9012-3456"}, -1, "expiry"),
        ({"checking_amount": "1"}, -1, "checking_amount"),
    ],
)
async def test_bad_booking_is_refused_with_http_200(
    server: FakePortOne, body: dict[str, Any], code: int, text: str
) -> None:
    status, answer = await book(server, item(), **body)

    assert (status, answer["code"], answer["response"]) == (200, code, None)
    assert text in answer["message"]
    assert len(server.schedules) == 0


async def test_order_number_is_booked_once(server: FakePortOne) -> None:
    await book(server, item())
    status, body = await book(server, item())

    assert (status, body["code"]) == (200, 1)


async def test_good_items_can_be_booked_beside_a_bad_one(server: FakePortOne) -> None:
    server.schedules.books_good_items = True

    _, body = await book(server, item(), item("SUB-2", amount=0))

    assert body["code"] == -1
    assert server.schedules.books_good_items
    assert ("SUB-1" in server.schedules, "SUB-2" in server.schedules) == (True, False)


async def test_card_of_a_booking_becomes_the_key(server: FakePortOne) -> None:
    _, body = await book(server, item(), customer_uid="key-2", **CARD)

    assert body["code"] == 0
    assert server.billing_keys.body("key-2")["card_number"] == "123456******3456"
    assert len(server.payments) == 0


async def test_checking_amount_is_charged_and_cancelled(server: FakePortOne) -> None:
    await book(server, item(), checking_amount=100)

    (entry,) = server.payments.of_key("key-1")
    assert (entry.status, entry.record["cancel_amount"]) == ("cancelled", 100)


async def test_single_schedule_is_found_or_404(server: FakePortOne) -> None:
    added = server.schedules.add(merchant_uid="SUB-7", customer_uid="key-1")

    _, body = await fetch_json(server, "/subscribe/payments/schedule/SUB-7")

    assert isinstance(added, Schedule)
    assert body["response"]["merchant_uid"] == "SUB-7"
    assert (await fetch_json(server, "/subscribe/payments/schedule/SUB-8"))[0] == 404
    with pytest.raises(ValueError, match="SUB-7"):
        server.schedules.add(added)


async def test_schedules_are_listed_by_time_and_status(server: FakePortOne) -> None:
    for number in range(3):
        server.schedules.add(merchant_uid=f"SUB-{number}", schedule_at=MARCH + number * 10)
    base = f"/subscribe/payments/schedule?schedule_from={MARCH}&schedule_to={MARCH + 20}"

    _, newest = await fetch_json(server, base)
    _, oldest = await fetch_json(server, f"{base}&sorting=scheduled&limit=1")
    _, revoked = await fetch_json(server, f"{base}&schedule_status=revoked")

    assert [entry["merchant_uid"] for entry in newest["response"]["list"]] == ["SUB-1", "SUB-0"]
    assert [entry["merchant_uid"] for entry in oldest["response"]["list"]] == ["SUB-0"]
    assert (oldest["response"]["next"], oldest["response"]["total"]) == (2, 2)
    assert revoked["response"]["list"] == []


@pytest.mark.parametrize(
    "prefix", ["/subscribe/customers/{}/schedules", "/subscribe/payments/schedule/customers/{}"]
)
async def test_schedules_of_a_key_come_newest_first(server: FakePortOne, prefix: str) -> None:
    for number in range(21):
        server.schedules.add(customer_uid="key-1", schedule_at=MARCH + 100 + number)
    server.schedules.add(customer_uid="key-2")
    base = f"{prefix.format('key-1')}?from={MARCH}&to={MARCH + DAY}"

    _, page = await fetch_json(server, base)
    _, none = await fetch_json(server, f"{base}&schedule-status=executed")

    times = [entry["schedule_at"] for entry in page["response"]["list"]]
    assert times == [MARCH + 120 - number for number in range(20)]
    assert (page["response"]["next"], page["response"]["total"]) == (2, 21)
    assert none["response"]["total"] == 0


@pytest.mark.parametrize(
    "query",
    [
        "",
        f"schedule_from={MARCH}",
        f"schedule_from={MARCH}&schedule_to={MARCH - 1}",
        f"schedule_from={MARCH}&schedule_to={MARCH + 92 * DAY + 1}",
        f"schedule_from={MARCH}&schedule_to={MARCH}&schedule_status=paid",
        f"schedule_from={MARCH}&schedule_to={MARCH}&limit=1001",
    ],
)
async def test_bad_search_gets_400(server: FakePortOne, query: str) -> None:
    assert (await fetch_json(server, f"/subscribe/payments/schedule?{query}"))[0] == 400


async def test_longest_period_is_three_months_of_the_calendar(server: FakePortOne) -> None:
    target = f"/subscribe/payments/schedule?schedule_from={MARCH}&schedule_to={MARCH + 92 * DAY}"
    assert (await fetch_json(server, target))[0] == 200
    by_key = f"/subscribe/customers/key-1/schedules?from={MARCH}&to={MARCH + 93 * DAY}"
    assert (await fetch_json(server, by_key))[0] == 400


@pytest.mark.parametrize("named", ["SUB-1", ["SUB-1"]])
async def test_revoked_schedule_does_not_run(server: FakePortOne, named: Any) -> None:
    await book(server, item(), item("SUB-2"))

    status, body = await post(server, "unschedule", merchant_uid=named)
    server.advance(2 * DAY)

    assert (status, [entry["merchant_uid"] for entry in body["response"]]) == (200, ["SUB-1"])
    assert state_of(server) == ("revoked", None)
    assert state_of(server, "SUB-2") == ("executed", "paid")


async def test_revoking_without_order_numbers_revokes_all_of_a_key(server: FakePortOne) -> None:
    await book(server, item(), item("SUB-2"))
    server.schedules.add(customer_uid="key-2", merchant_uid="SUB-3")

    _, body = await post(server, "unschedule", customer_uid="key-1", merchant_uid=[])

    assert len(body["response"]) == 2
    assert state_of(server, "SUB-3") == ("scheduled", None)


async def test_revoking_nothing_gets_code_1(server: FakePortOne) -> None:
    await book(server, item())
    await post(server, "unschedule", merchant_uid="SUB-1")

    again = await post(server, "unschedule", merchant_uid="SUB-1")
    of_another = await post(server, "unschedule", merchant_uid="SUB-1", customer_uid="key-2")

    assert [(status, body["code"]) for status, body in (again, of_another)] == [(200, 1)] * 2
    assert (await post(server, "unschedule"))[0] == 400
    assert (await post(server, "unschedule", merchant_uid=[1]))[0] == 400


async def test_moved_schedule_runs_at_its_new_time_only(server: FakePortOne) -> None:
    await book(server, item())
    target = "/subscribe/payments/schedule/SUB-1"

    status, body = await fetch_json(
        server, target, method="PUT", json={"schedule_at": MARCH + 3 * DAY}
    )
    server.advance(2 * DAY)
    assert (status, body["response"]["schedule_at"]) == (200, MARCH + 3 * DAY)
    assert state_of(server) == ("scheduled", None)
    server.advance(DAY)

    assert state_of(server) == ("executed", "paid")
    assert payments_of(server) == ["paid"]


@pytest.mark.parametrize(
    ("merchant_uid", "fields", "status"),
    [
        ("SUB-9", {"schedule_at": MARCH + DAY}, 404),
        ("SUB-1", {}, 400),
        ("SUB-1", {"schedule_at": "soon"}, 400),
        ("SUB-1", {"schedule_at": MARCH - 1}, 400),
        ("revoked", {"schedule_at": MARCH + DAY}, 400),
        ("paid", {"schedule_at": MARCH + DAY}, 400),
    ],
)
async def test_schedule_that_cannot_be_moved_gets_400_or_404(
    server: FakePortOne, merchant_uid: str, fields: dict[str, Any], status: int
) -> None:
    await book(server, item())
    for state in ("revoked", "executed"):
        uid = "paid" if state == "executed" else state
        server.schedules.add(merchant_uid=uid, schedule_status=state, payment_status="paid")

    target = f"/subscribe/payments/schedule/{merchant_uid}"
    assert (await fetch_json(server, target, method="PUT", json=fields))[0] == status


async def test_failed_or_revoked_schedule_is_booked_again(server: FakePortOne) -> None:
    await book(server, item(), item("SUB-2"))
    await post(server, "unschedule", merchant_uid="SUB-2")
    early, _ = await post(server, "schedule/SUB-1/reschedule", schedule_at=MARCH + 2 * DAY)
    server.billing_keys.decline("key-1", times=1)
    server.advance(DAY)

    for uid in ("SUB-1", "SUB-2"):
        status, body = await post(server, f"schedule/{uid}/reschedule", schedule_at=MARCH + 2 * DAY)
        assert (status, body["response"]["schedule_status"]) == (200, "scheduled")
    server.advance(DAY)

    assert early == 400
    assert payments_of(server) == ["failed", "paid"]
    assert payments_of(server, "SUB-2") == ["paid"]
    again, _ = await post(server, "schedule/SUB-1/reschedule", schedule_at=MARCH + 9 * DAY)
    assert again == 400


async def test_failed_schedule_is_charged_again_now(server: FakePortOne) -> None:
    await book(server, item())
    early, _ = await post(server, "schedule/SUB-1/retry")
    server.billing_keys.decline("key-1", times=2)
    server.advance(DAY)

    _, failed = await post(server, "schedule/SUB-1/retry")
    status, paid = await post(server, "schedule/SUB-1/retry")
    after, _ = await post(server, "schedule/SUB-1/retry")

    assert failed["code"] == paid["code"] == 0
    assert (failed["response"]["status"], paid["response"]["status"]) == ("failed", "paid")
    assert (early, status, after) == (400, 200, 400)
    assert len({failed["response"]["imp_uid"], paid["response"]["imp_uid"]}) == 2
    assert payments_of(server) == ["failed", "failed", "paid"]


async def test_retry_without_schedule_or_key_gets_404(server: FakePortOne) -> None:
    server.schedules.add(merchant_uid="SUB-2", schedule_status="revoked", customer_uid="key-9")

    assert (await post(server, "schedule/SUB-1/retry"))[0] == 404
    assert (await post(server, "schedule/SUB-2/retry"))[0] == 404


async def test_recovery_charges_failed_schedules_again_each_day(server: FakePortOne) -> None:
    server.schedules.recovery = True
    await book(server, item())
    server.billing_keys.decline("key-1", times=2)

    server.advance(10 * DAY)

    assert server.schedules.recovery
    assert payments_of(server) == ["failed", "failed", "paid"]


async def test_recovery_leaves_a_schedule_that_was_charged_meanwhile(server: FakePortOne) -> None:
    server.schedules.recovery = True
    await book(server, item())
    server.schedules.decline("SUB-1")
    server.advance(DAY)
    server.schedules.accept("SUB-1")

    await post(server, "schedule/SUB-1/retry")
    server.advance(10 * DAY)

    assert payments_of(server) == ["failed", "paid"]


async def test_recovery_is_off_by_default(server: FakePortOne) -> None:
    await book(server, item())
    server.billing_keys.decline("key-1", times=1)

    server.advance(10 * DAY)

    assert payments_of(server) == ["failed"]


async def test_form_revokes_only_the_number_in_its_array(server: FakePortOne) -> None:
    server.billing_keys.add(customer_uid="card-1")
    for number in ("form-1", "form-2"):
        server.schedules.add(customer_uid="card-1", merchant_uid=number)
    form = {"customer_uid": "card-1", "merchant_uid[]": "form-1"}

    _, body = await fetch_json(server, "/subscribe/payments/unschedule", method="POST", data=form)

    assert [each["merchant_uid"] for each in body["response"]] == ["form-1"]
