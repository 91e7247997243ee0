"""``client.schedules``: look-ups and changes of charges in the future, against the fake."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any

import pytest

from portone_async import (
    ApiError,
    ChargeFailedError,
    InvalidRequestError,
    OrderNumberUsedError,
    OutcomeUnknownError,
    PortOneClient,
    UnexpectedResponseError,
)
from portone_async.models.schedules import Schedule
from portone_async.resources.schedules import (
    ScheduleExecutedError,
    ScheduleNotFoundError,
)
from portone_async.testing import (
    Delay,
    Exchange,
    FakePortOne,
    HtmlPage,
    Json,
    LostAnswer,
    Reply,
    Reset,
    Status,
)
from portone_async.testing.endpoints.schedules import Schedules
from tests.support.changing import FaultsOfChanges
from tests.support.sample_bodies import SAMPLES

SCHEDULES = "/subscribe/payments/schedule"
CANCEL = "/subscribe/payments/unschedule"
KST = timezone(timedelta(hours=9))
START = datetime(2026, 3, 1, tzinfo=KST)
DAY = timedelta(days=1)


@pytest.fixture(name="server")
async def _server() -> AsyncIterator[FakePortOne]:
    async with FakePortOne(now=START.timestamp()) as server:
        server.billing_keys.add(customer_uid="key-1")
        yield server


def add(server: FakePortOne, merchant_uid: str = "SUB-1", **fields: Any) -> Schedule:
    given = {"customer_uid": "key-1", "schedule_at": START + DAY} | fields
    return server.schedules.add(merchant_uid=merchant_uid, **given)


def lose(server: FakePortOne, *faults: Any) -> None:
    """Let the next requests that change something meet faults; look-ups are answered."""
    server.fail(FaultsOfChanges(*faults), on="/subscribe", times=None)


def changes(server: FakePortOne) -> list[tuple[str, str]]:
    """Return the requests that change something."""
    return [
        (request.method, request.path)
        for request in server.requests
        if request.path.startswith("/subscribe") and request.method != "GET"
    ]


async def read(pages: Any) -> list[str]:
    return [schedule.merchant_uid async for schedule in pages]


# Get


async def test_schedule_is_found(server: FakePortOne, client: PortOneClient) -> None:
    added = add(server, buyer_name="홍길동", new_field=1)

    schedule = await client.schedules.get("SUB-1")

    assert schedule == added
    assert (schedule.amount, schedule.schedule_at) == (Decimal(9900), START + DAY)
    assert schedule.raw["new_field"] == 1
    assert not schedule.is_paid
    assert "홍길동" not in repr(schedule)


async def test_missing_schedule_is_not_found(server: FakePortOne, client: PortOneClient) -> None:
    for sample in (SAMPLES["schedule_single_missing_404"], SAMPLES["unschedule_none_code1"]):
        server.fail(Json(sample.body, status=sample.status), on=SCHEDULES)
        with pytest.raises(ScheduleNotFoundError) as caught:
            await client.schedules.get("SUB-9")
        assert caught.value.identifiers == {"merchant_uid": "SUB-9"}


@pytest.mark.parametrize("method", ["get", "retry"])
async def test_number_with_a_slash_is_refused(
    server: FakePortOne, client: PortOneClient, method: str
) -> None:
    with pytest.raises(InvalidRequestError, match="slash"):
        await getattr(client.schedules, method)("a/b")

    assert not server.requests


async def test_other_failure_is_not_a_missing_schedule(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(HtmlPage(404), on=SCHEDULES)
    with pytest.raises(UnexpectedResponseError):
        await client.schedules.get("SUB-1")

    server.fail(Json(SAMPLES["schedule_single_failed"].body), on=SCHEDULES)
    with pytest.raises(UnexpectedResponseError, match="another merchant_uid"):
        await client.schedules.get("SUB-1")


async def test_odd_field_is_unreadable_and_odd_money_makes_the_schedule_so(
    server: FakePortOne, client: PortOneClient
) -> None:
    good = SAMPLES["schedule_single_failed"].body
    for change, path in (({"buyer_tel": 7}, "buyer_tel"), ({"amount": "much"}, "amount")):
        response = good["response"] | change
        server.fail(Json(good | {"response": response}), on=SCHEDULES)
        if path == "amount":
            with pytest.raises(UnexpectedResponseError) as caught:
                await client.schedules.get("SUB-20260401-0001")
            assert caught.value.unreadable[0].path == "$.amount"
        else:
            schedule = await client.schedules.get("SUB-20260401-0001")
            assert schedule.unreadable == ("buyer_tel",)
            assert (schedule.payment_status, schedule.is_paid) == ("failed", False)


# Lists


async def test_list_sends_period_status_and_sorting(
    server: FakePortOne, client: PortOneClient
) -> None:
    add(server, schedule_status="revoked")

    pages = client.schedules.list(
        since=START,
        until=START + 2 * DAY,
        schedule_status="revoked",
        sorting="scheduled",
        page_size=7,
    )

    assert await read(pages) == ["SUB-1"]
    assert (server.requests[-1].method, server.requests[-1].path) == ("GET", SCHEDULES)
    assert dict(server.requests[-1].query) == {
        "schedule_from": str(int(START.timestamp())),
        "schedule_to": str(int((START + 2 * DAY).timestamp())),
        "schedule_status": "revoked",
        "sorting": "scheduled",
        "page": "1",
        "limit": "7",
    }


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("schedules.for_customer", f"{SCHEDULES}/customers/key-1"),
        ("billing_keys.schedules", "/subscribe/customers/key-1/schedules"),
    ],
)
async def test_list_of_a_key_sends_period_and_status(
    server: FakePortOne, client: PortOneClient, method: str, path: str
) -> None:
    add(server)
    add(server, "SUB-2", customer_uid="key-2")
    section, _, name = method.partition(".")
    function = getattr(getattr(client, section), name)
    period: dict[str, Any] = {"since": START, "until": START + 2 * DAY}

    assert await read(function("key-1", **period)) == ["SUB-1"]
    assert await read(function("key-1", **period, schedule_status="executed")) == []
    assert server.requests[-1].path == path
    assert dict(server.requests[-1].query) == {
        "from": str(int(START.timestamp())),
        "to": str(int((START + 2 * DAY).timestamp())),
        "schedule-status": "executed",
        "page": "1",
    }


@pytest.mark.parametrize("sorting", [None, "scheduled"])
async def test_long_period_is_split_and_each_schedule_comes_once(
    server: FakePortOne, client: PortOneClient, sorting: str | None
) -> None:
    for number in range(80):
        add(server, f"SUB-{number:02}", schedule_at=START + timedelta(days=5 * number))

    pages = client.schedules.list(
        since=START, until=START + timedelta(days=395), sorting=sorting, page_size=7
    )
    found = await read(pages)

    expected = [f"SUB-{number:02}" for number in range(79)]
    assert (found if sorting else sorted(found)) == expected


async def test_busy_second_and_short_pages_lose_no_schedule(
    server: FakePortOne, client: PortOneClient
) -> None:
    for number in range(25):
        add(server, f"SUB-{number:02}", schedule_at=START + DAY * (1 + number // 20))

    pages = client.schedules.list(since=START, until=START + 5 * DAY, page_size=3)
    of_key = client.schedules.for_customer("key-1", since=START, until=START + 5 * DAY)

    assert sorted(await read(pages)) == [f"SUB-{number:02}" for number in range(25)]
    assert sorted(await read(of_key)) == [f"SUB-{number:02}" for number in range(25)]


async def test_long_period_of_a_key_is_split(server: FakePortOne, client: PortOneClient) -> None:
    for number in range(24):
        add(server, f"SUB-{number:02}", schedule_at=START + timedelta(days=30 * number))

    pages = client.billing_keys.schedules("key-1", since=START, until=START + 720 * DAY)

    assert await read(pages) == [f"SUB-{number:02}" for number in range(23, -1, -1)]


async def test_bare_array_is_read_as_a_page(server: FakePortOne, client: PortOneClient) -> None:
    body = SAMPLES["schedule_list_bare"].body
    server.fail(Json(body), on=SCHEDULES, times=None)
    period: dict[str, Any] = {"since": START, "until": START + 80 * DAY}

    assert await read(client.schedules.list(**period)) == ["SUB-20260401-0001"]
    assert await read(client.schedules.for_customer("member-1001-card-1", **period)) == [
        "SUB-20260401-0001"
    ]


class Arrays:
    """Sends the lists of a key as arrays, in pages of 20 or whole."""

    def __init__(self, *, is_paged: bool) -> None:
        self._is_paged = is_paged

    async def meet(self, exchange: Exchange) -> Reply:
        bodies = Schedules(exchange.account).bodies()
        page = int(dict(exchange.request.query)["page"])
        part = bodies[20 * (page - 1) : 20 * page] if self._is_paged else bodies
        answer: Reply = await Json({"code": 0, "message": None, "response": part}).meet(exchange)
        return answer


@pytest.mark.parametrize("count", [0, 19, 20, 21, 40, 45])
@pytest.mark.parametrize("is_paged", [True, False])
async def test_arrays_are_read_to_their_end(
    server: FakePortOne, client: PortOneClient, count: int, is_paged: bool
) -> None:
    for number in range(count):
        add(server, f"SUB-{number:02}")
    server.fail(Arrays(is_paged=is_paged), on=SCHEDULES, times=None)

    pages = client.schedules.for_customer("key-1", since=START, until=START + 2 * DAY)

    assert await read(pages) == [f"SUB-{number:02}" for number in range(count)]


class ChangesMeanwhile:
    """Lets a schedule leave the list, and another one arrive at its end, before the second page."""

    def __init__(self) -> None:
        self._is_done = False

    async def meet(self, exchange: Exchange) -> Reply:
        if ("page", "2") in exchange.request.query and not self._is_done:
            self._is_done = True
            schedules = Schedules(exchange.account)
            schedules.revoke(["SUB-21"], None)
            schedules.add(merchant_uid="SUB-new", customer_uid="key-1", schedule_at=START)
        return exchange.reply()


async def test_departure_between_two_pages_hides_no_schedule(
    server: FakePortOne, client: PortOneClient
) -> None:
    for number in range(22):
        add(server, f"SUB-{number:02}", schedule_at=START + DAY + timedelta(seconds=number))
    server.fail(ChangesMeanwhile(), on=SCHEDULES, times=None)

    pages = client.schedules.for_customer(
        "key-1", since=START, until=START + 2 * DAY, schedule_status="scheduled"
    )

    assert {f"SUB-{number:02}" for number in range(21)} <= set(await read(pages))


class NewestBookedFirst:
    """Sends the schedules of a period in the reverse order of their bookings."""

    async def meet(self, exchange: Exchange) -> Reply:
        query = {name: value for name, value in exchange.request.query if value.isdecimal()}
        since, until, page, size = (
            int(query[name]) for name in ("schedule_from", "schedule_to", "page", "limit")
        )
        bodies = [
            body
            for body in reversed(Schedules(exchange.account).bodies())
            if since <= body["schedule_at"] < until
        ]
        answer = {
            "total": len(bodies),
            "previous": page - 1,
            "next": page + 1 if page * size < len(bodies) else 0,
            "list": bodies[(page - 1) * size : page * size],
        }
        return await Json({"code": 0, "message": None, "response": answer}).meet(exchange)


async def test_order_of_the_bookings_hides_no_schedule(
    server: FakePortOne, client: PortOneClient
) -> None:
    for number, hour in enumerate((10, 9, 11)):
        add(server, f"SUB-{number}", schedule_at=START + timedelta(hours=hour))
    add(server, "SUB-3", schedule_at=START + timedelta(hours=9, minutes=30))
    add(server, "SUB-4", schedule_at=START + timedelta(hours=12))
    server.fail(NewestBookedFirst(), on=SCHEDULES, times=None)

    pages = client.schedules.list(since=START, until=START + DAY, page_size=2)

    assert sorted(await read(pages)) == [f"SUB-{number}" for number in range(5)]


async def test_unreadable_schedules_are_named_after_the_others(
    server: FakePortOne, client: PortOneClient
) -> None:
    good = SAMPLES["schedule_single_failed"].body["response"]
    response = [good, good | {"merchant_uid": "odd", "amount": "much"}]
    server.fail(Json({"code": 0, "message": None, "response": response}), on=SCHEDULES)
    pages = client.schedules.list(since=START, until=START + DAY)

    assert (await anext(pages)).merchant_uid == good["merchant_uid"]
    with pytest.raises(UnexpectedResponseError) as caught:
        await anext(pages)
    assert [record.identifiers["merchant_uid"] for record in caught.value.unreadable] == ["odd"]


async def test_schedule_of_another_key_or_status_is_rejected(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.fail(Json(SAMPLES["schedule_list_bare"].body), on=SCHEDULES, times=None)
    period: dict[str, Any] = {"since": START, "until": START + DAY}

    with pytest.raises(UnexpectedResponseError, match="another customer_uid"):
        await read(client.schedules.for_customer("key-1", **period))
    with pytest.raises(UnexpectedResponseError, match="another schedule_status"):
        await read(client.schedules.list(**period, schedule_status="revoked"))


@pytest.mark.parametrize(
    "change",
    [
        {"since": datetime(2026, 3, 1)},  # noqa: DTZ001 (the case under test)
        {"until": "2026-03-02"},
        {"until": START},
        {"until": START - DAY},
        {"since": None},
    ],
    ids=["no zone", "text", "empty", "reversed", "missing"],
)
async def test_odd_period_is_refused(
    server: FakePortOne, client: PortOneClient, change: dict[str, Any]
) -> None:
    period: dict[str, Any] = {"since": START, "until": START + DAY} | change

    with pytest.raises(InvalidRequestError):
        client.schedules.list(**period)
    with pytest.raises(InvalidRequestError):
        client.schedules.for_customer("key-1", **period)
    with pytest.raises(InvalidRequestError):
        client.schedules.list(since=START, until=START + DAY, page_size=0)
    assert not server.requests


# Update


async def test_update_moves_a_schedule(server: FakePortOne, client: PortOneClient) -> None:
    add(server)

    moved = await client.schedules.update("SUB-1", schedule_at=START + 2 * DAY)

    request = server.requests[-1]
    assert (request.method, request.path) == ("PUT", f"{SCHEDULES}/SUB-1")
    assert request.fields == {"schedule_at": int((START + 2 * DAY).timestamp())}
    assert moved.schedule_at == START + 2 * DAY


async def test_update_is_repeated_after_a_lost_answer(
    server: FakePortOne, client: PortOneClient
) -> None:
    add(server)
    lose(server, LostAnswer())

    moved = await client.schedules.update("SUB-1", schedule_at=START + 2 * DAY)

    assert moved.schedule_at == START + 2 * DAY
    assert changes(server) == [("PUT", f"{SCHEDULES}/SUB-1")] * 2


async def test_update_that_ran_before_is_too_late(
    server: FakePortOne, client: PortOneClient
) -> None:
    add(server)
    server.advance(2 * 86_400)

    with pytest.raises(ScheduleExecutedError) as caught:
        await client.schedules.update("SUB-1", schedule_at=START + 9 * DAY)

    assert [schedule.is_paid for schedule in caught.value.schedules] == [True]
    assert "SUB-1 (paid)" in str(caught.value)


class RunsAfterwards:
    """Moves a schedule, lets it run, and loses the answer."""

    async def meet(self, exchange: Exchange) -> Reply | None:
        exchange.reply()
        exchange.account.clock.advance(3 * 86_400)
        exchange.account.agenda.run_due()
        exchange.reset()
        return None


@pytest.mark.parametrize("method", ["update", "reschedule"])
async def test_schedule_that_ran_at_its_new_time_was_moved(
    server: FakePortOne, client: PortOneClient, method: str
) -> None:
    add(server, schedule_status="scheduled" if method == "update" else "revoked")
    lose(server, RunsAfterwards())

    moved = await getattr(client.schedules, method)("SUB-1", schedule_at=START + 2 * DAY, settle=0)

    assert (moved.schedule_status, moved.is_paid) == ("executed", True)
    assert len(server.payments.of_order("SUB-1")) == 1


@pytest.mark.parametrize("method", ["update", "reschedule"])
@pytest.mark.parametrize("fault", [Json({"code": -1, "message": "오류", "response": None}, 500)])
async def test_500_in_an_envelope_is_a_refusal(
    server: FakePortOne, client: PortOneClient, method: str, fault: Any
) -> None:
    add(server, schedule_status="scheduled" if method == "update" else "revoked")
    lose(server, fault)

    with pytest.raises(ApiError, match="오류") as caught:
        await getattr(client.schedules, method)("SUB-1", schedule_at=START + 2 * DAY)

    assert not caught.value.is_transient
    assert len(changes(server)) == 1


@pytest.mark.parametrize("method", ["update", "reschedule"])
async def test_schedule_that_cannot_be_moved_is_refused(
    server: FakePortOne, client: PortOneClient, method: str
) -> None:
    change = getattr(client.schedules, method)
    with pytest.raises(ScheduleNotFoundError):
        await change("SUB-9", schedule_at=START + 2 * DAY)
    add(server, schedule_status="scheduled" if method == "update" else "revoked")
    with pytest.raises(ApiError, match="과거"):
        await change("SUB-1", schedule_at=START - DAY)
    for arguments in ({"schedule_at": 1}, {"schedule_at": START, "settle": "1"}):
        with pytest.raises(InvalidRequestError):
            await change("SUB-1", **arguments)


@pytest.mark.parametrize("method", ["update", "reschedule"])
async def test_change_that_never_arrives_ends_unknown(
    server: FakePortOne, client: PortOneClient, method: str
) -> None:
    add(server, schedule_status="scheduled" if method == "update" else "revoked")
    lose(server, *[Reset()] * 20)

    with pytest.raises(OutcomeUnknownError):
        await getattr(client.schedules, method)("SUB-1", schedule_at=START + 2 * DAY, settle=0)


# Reschedule


@pytest.mark.parametrize("state", ["failed", "revoked"])
async def test_failed_or_revoked_schedule_is_booked_again(
    server: FakePortOne, client: PortOneClient, state: str
) -> None:
    add(server, schedule_status="revoked" if state == "revoked" else "scheduled")
    server.billing_keys.decline("key-1", times=1)
    server.advance(2 * 86_400)

    booked = await client.schedules.reschedule("SUB-1", schedule_at=START + 5 * DAY)

    request = server.requests[-1]
    assert (request.method, request.path) == ("POST", f"{SCHEDULES}/SUB-1/reschedule")
    assert request.fields == {"schedule_at": int((START + 5 * DAY).timestamp())}
    assert (booked.schedule_status, booked.schedule_at) == ("scheduled", START + 5 * DAY)


async def test_second_reschedule_sends_nothing(server: FakePortOne, client: PortOneClient) -> None:
    add(server, schedule_status="revoked")

    for _ in range(2):
        booked = await client.schedules.reschedule("SUB-1", schedule_at=START + 5 * DAY)
        assert booked.schedule_at == START + 5 * DAY

    assert len(changes(server)) == 1


async def test_lost_reschedule_is_looked_up(server: FakePortOne, client: PortOneClient) -> None:
    add(server, schedule_status="revoked")
    lose(server, LostAnswer())

    booked = await client.schedules.reschedule("SUB-1", schedule_at=START + 5 * DAY, settle=0)

    assert booked.schedule_at == START + 5 * DAY
    assert len(changes(server)) == 1


async def test_reschedule_that_was_not_processed_is_sent_again(
    server: FakePortOne, client: PortOneClient
) -> None:
    add(server, schedule_status="revoked")
    lose(server, Reset())

    booked = await client.schedules.reschedule("SUB-1", schedule_at=START + 5 * DAY, settle=0)

    assert booked.schedule_status == "scheduled"
    assert len(changes(server)) == 2


async def test_revoked_schedule_of_the_same_time_is_not_a_trace(
    server: FakePortOne, client: PortOneClient
) -> None:
    add(server, schedule_status="revoked", schedule_at=START + 5 * DAY)
    lose(server, Reset())

    booked = await client.schedules.reschedule("SUB-1", schedule_at=START + 5 * DAY, settle=0)

    assert booked.schedule_status == "scheduled"


@pytest.mark.parametrize("state", ["scheduled", "paid"])
async def test_schedule_that_did_not_fail_is_not_booked_again(
    server: FakePortOne, client: PortOneClient, state: str
) -> None:
    add(server)
    server.advance(2 * 86_400 if state == "paid" else 0)

    with pytest.raises(ApiError) as caught:
        await client.schedules.reschedule("SUB-1", schedule_at=START + 5 * DAY)

    assert caught.value.status == 400


# Cancel


async def test_cancel_revokes_schedules_by_number(
    server: FakePortOne, client: PortOneClient
) -> None:
    for number in ("SUB-1", "SUB-2", "SUB-3"):
        add(server, number)

    one = await client.schedules.cancel("SUB-1")
    assert server.requests[-1].fields == {"merchant_uid": ["SUB-1"]}
    assert (server.requests[-1].method, server.requests[-1].path) == ("POST", CANCEL)
    several = await client.schedules.cancel(iter(["SUB-3", "SUB-2", "SUB-3"]), customer_uid="key-1")

    assert server.requests[-1].fields == {
        "customer_uid": "key-1",
        "merchant_uid": ["SUB-3", "SUB-2"],
    }
    assert [schedule.merchant_uid for schedule in [*one, *several]] == ["SUB-1", "SUB-3", "SUB-2"]
    assert {schedule.schedule_status for schedule in several} == {"revoked"}


async def test_second_cancel_returns_what_is_revoked(
    server: FakePortOne, client: PortOneClient
) -> None:
    add(server)
    add(server, "SUB-2")
    await client.schedules.cancel("SUB-1")

    revoked = await client.schedules.cancel(["SUB-1", "SUB-2"])
    again = await client.schedules.cancel(["SUB-1", "SUB-2"])

    assert revoked == again
    assert [schedule.merchant_uid for schedule in again] == ["SUB-1", "SUB-2"]


@pytest.mark.parametrize("fault", [LostAnswer(), Reset(), Status(503), HtmlPage(200)], ids=str)
async def test_cancel_is_repeated_until_it_is_known(
    server: FakePortOne, client: PortOneClient, fault: Any
) -> None:
    add(server)
    lose(server, fault)

    (revoked,) = await client.schedules.cancel("SUB-1", settle=0)

    assert revoked.schedule_status == "revoked"
    assert len(changes(server)) == (1 if isinstance(fault, LostAnswer) else 2)


async def test_cancel_of_an_executed_schedule_is_too_late(
    server: FakePortOne, client: PortOneClient
) -> None:
    add(server)
    add(server, "SUB-2", schedule_at=START + 9 * DAY)
    server.advance(2 * 86_400)

    with pytest.raises(ScheduleExecutedError) as caught:
        await client.schedules.cancel(["SUB-1", "SUB-2"])

    assert [schedule.merchant_uid for schedule in caught.value.schedules] == ["SUB-1"]
    assert [schedule.merchant_uid for schedule in caught.value.revoked] == ["SUB-2"]
    assert caught.value.schedules[0].is_paid


async def test_cancel_of_a_missing_schedule_is_not_found(
    server: FakePortOne, client: PortOneClient
) -> None:
    add(server)

    with pytest.raises(ScheduleNotFoundError) as caught:
        await client.schedules.cancel(["SUB-1", "SUB-9"])

    assert caught.value.identifiers == {"merchant_uid": "SUB-9"}
    assert server.schedules.body("SUB-1")["schedule_status"] == "revoked"


async def test_executed_schedule_counts_more_than_a_missing_one(
    server: FakePortOne, client: PortOneClient
) -> None:
    add(server)
    server.advance(2 * 86_400)

    with pytest.raises(ScheduleExecutedError):
        await client.schedules.cancel(["SUB-9", "SUB-1"])


async def test_refusal_after_a_lost_cancel_is_unknown_without_a_look_up(
    server: FakePortOne, client: PortOneClient
) -> None:
    add(server)
    server.fail(Reset(), Json(SAMPLES["unschedule_none_code1"].body), on=CANCEL)
    server.fail(Delay(0), *[HtmlPage(200)] * 9, on=SCHEDULES)

    with pytest.raises(OutcomeUnknownError):
        await client.schedules.cancel("SUB-1", settle=0)

    assert len(changes(server)) == 2


async def test_cancel_of_another_keys_schedule_is_refused(
    server: FakePortOne, client: PortOneClient
) -> None:
    add(server)

    with pytest.raises(ApiError) as caught:
        await client.schedules.cancel("SUB-1", customer_uid="key-2")

    assert (caught.value.status, caught.value.code) == (200, 1)
    assert len(changes(server)) == 1


async def test_refused_cancel_without_a_look_up_stays_refused(
    server: FakePortOne, client: PortOneClient
) -> None:
    add(server)
    server.fail(Json(SAMPLES["unschedule_none_code1"].body), on=CANCEL)
    server.fail(HtmlPage(200), on=SCHEDULES, times=None)

    with pytest.raises(ApiError) as caught:
        await client.schedules.cancel("SUB-1", settle=0)

    assert caught.value.code == 1


@pytest.mark.parametrize("number", [[], "", [""], ["SUB-1", None], None, 1, [["SUB-1"]], b"SUB-1"])
async def test_cancel_of_nothing_is_refused(
    server: FakePortOne, client: PortOneClient, number: Any
) -> None:
    with pytest.raises(InvalidRequestError):
        await client.schedules.cancel(number)

    assert not server.requests


async def test_more_than_a_hundred_are_revoked_by_several_requests(
    server: FakePortOne, client: PortOneClient
) -> None:
    numbers = [f"SUB-{number}" for number in range(101)]
    for number in numbers:
        add(server, number)

    revoked = await client.schedules.cancel(numbers)

    assert [schedule.merchant_uid for schedule in revoked] == numbers
    assert [path for _, path in changes(server)] == [CANCEL] * 2


async def test_cancel_of_a_number_with_a_slash_works_without_look_up(
    server: FakePortOne, client: PortOneClient
) -> None:
    add(server, "a/b")

    (revoked,) = await client.schedules.cancel("a/b")
    assert revoked.schedule_status == "revoked"
    with pytest.raises(ApiError) as caught:
        await client.schedules.cancel("a/b")
    assert caught.value.code == 1
    assert server.count(SCHEDULES, "GET") == 2


# Cancel all


def soon(server: FakePortOne, **passed: float) -> datetime:
    """Return a time near the present, by which the client lists."""
    return datetime.now(UTC) + timedelta(**passed)


async def test_cancel_all_revokes_every_schedule_of_a_key_by_number(
    client: PortOneClient, server: FakePortOne
) -> None:
    server.advance(datetime.now(UTC).timestamp() - server.now)
    for number, days in enumerate((1, 100, 700)):
        add(server, f"SUB-{number}", schedule_at=soon(server, days=days))
    add(server, "SUB-9", customer_uid="key-2", schedule_at=soon(server, days=1))
    add(server, "SUB-8", schedule_status="revoked", schedule_at=soon(server, days=1))

    revoked = await client.schedules.cancel_all("key-1")

    request = server.requests[-1]
    assert request.path == CANCEL
    assert request.fields == {
        "customer_uid": "key-1",
        "merchant_uid": [schedule.merchant_uid for schedule in revoked],
    }
    assert {schedule.merchant_uid for schedule in revoked} == {"SUB-0", "SUB-1", "SUB-2"}
    assert server.schedules.body("SUB-9")["schedule_status"] == "scheduled"


async def test_cancel_all_of_nothing_sends_nothing(
    server: FakePortOne, client: PortOneClient
) -> None:
    until = soon(server, days=80)

    assert list(await client.schedules.cancel_all("key-1", until=until)) == []
    assert changes(server) == []
    assert server.count(f"{SCHEDULES}/customers/key-1") == 1


async def test_repeated_cancel_all_leaves_what_was_booked_meanwhile(
    server: FakePortOne, client: PortOneClient
) -> None:
    server.advance(datetime.now(UTC).timestamp() - server.now)
    add(server, schedule_at=soon(server, days=1))

    class BookedMeanwhile:
        async def meet(self, exchange: Exchange) -> Reply | None:
            add(server, "SUB-2", schedule_at=soon(server, days=1))
            exchange.reset()
            return None

    lose(server, BookedMeanwhile())

    revoked = await client.schedules.cancel_all("key-1", settle=0)

    assert [schedule.merchant_uid for schedule in revoked] == ["SUB-1"]
    assert len(changes(server)) == 2
    assert server.schedules.body("SUB-2")["schedule_status"] == "scheduled"


# Retry


def failed(server: FakePortOne, **fields: Any) -> None:
    """Add a schedule whose charge has failed."""
    add(server, **fields)
    server.billing_keys.decline("key-1", times=1)
    server.advance(2 * 86_400)


async def test_retry_charges_a_failed_schedule_now(
    server: FakePortOne, client: PortOneClient
) -> None:
    failed(server)

    payment = await client.schedules.retry("SUB-1")

    request = server.requests[-1]
    assert (request.method, request.path) == ("POST", f"{SCHEDULES}/SUB-1/retry")
    assert request.fields == {}
    assert (payment.merchant_uid, payment.amount) == ("SUB-1", Decimal(9900))
    assert payment.is_paid


async def test_retry_of_a_paid_schedule_returns_its_payment(
    server: FakePortOne, client: PortOneClient
) -> None:
    failed(server)
    first = await client.schedules.retry("SUB-1")

    assert (await client.schedules.retry("SUB-1")).imp_uid == first.imp_uid
    assert len(changes(server)) == 1


async def test_retry_that_fails_again_carries_its_payment(
    server: FakePortOne, client: PortOneClient
) -> None:
    failed(server)
    server.schedules.decline("SUB-1", "[3095]한도초과")

    with pytest.raises(ChargeFailedError) as caught:
        await client.schedules.retry("SUB-1")

    assert caught.value.payment.fail_reason == "[3095]한도초과"


async def test_retry_whose_answer_is_lost_charges_once(
    server: FakePortOne, client: PortOneClient
) -> None:
    failed(server)
    lose(server, LostAnswer())

    payment = await client.schedules.retry("SUB-1", settle=0)

    assert payment.is_paid
    assert len(changes(server)) == 1
    assert len(server.payments.of_order("SUB-1", status="paid")) == 1


async def test_lost_failure_of_a_retry_differs_from_the_first_failure(
    server: FakePortOne, client: PortOneClient
) -> None:
    failed(server)
    server.schedules.decline("SUB-1", "second")
    lose(server, LostAnswer())

    with pytest.raises(ChargeFailedError) as caught:
        await client.schedules.retry("SUB-1", settle=0)

    assert caught.value.payment.fail_reason == "second"


async def test_lost_retry_ends_unknown_and_is_not_sent_again(
    server: FakePortOne, client: PortOneClient
) -> None:
    failed(server)
    lose(server, Reset())

    with pytest.raises(OutcomeUnknownError):
        await client.schedules.retry("SUB-1", settle=0)

    assert len(changes(server)) == 1


async def test_retry_is_refused_before_the_schedule_has_run(
    server: FakePortOne, client: PortOneClient
) -> None:
    add(server)

    with pytest.raises(ApiError) as caught:
        await client.schedules.retry("SUB-1")
    assert caught.value.status == 400
    with pytest.raises(ScheduleNotFoundError):
        await client.schedules.retry("SUB-9")


async def test_retry_of_a_cancelled_payment_sends_nothing(
    server: FakePortOne, client: PortOneClient
) -> None:
    add(server)
    server.advance(2 * 86_400)
    server.update(server.schedules.body("SUB-1")["imp_uid"], status="cancelled")

    with pytest.raises(OrderNumberUsedError):
        await client.schedules.retry("SUB-1")

    assert changes(server) == []


async def test_retry_without_a_known_amount_sends_nothing(
    server: FakePortOne, client: PortOneClient
) -> None:
    body = {"code": 0, "message": None, "response": {"merchant_uid": "SUB-1"}}
    server.fail(Json(body), on=SCHEDULES)

    with pytest.raises(UnexpectedResponseError, match="amount"):
        await client.schedules.retry("SUB-1")

    assert changes(server) == []
