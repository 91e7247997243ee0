"""Test that a record of any resource is decoded by its declarations alone."""

from __future__ import annotations

import pickle
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, ClassVar, cast

import msgspec
import pytest

from portone_async import Call, UnexpectedResponseError
from portone_async._http.reply import Reply, parse
from portone_async.models import Record, ResponseRecord, UnreadableRecord
from portone_async.models._listing import Listing, Page
from portone_async.models._record import AWARE, Many
from tests.support.samples import ok


class State(StrEnum):
    SCHEDULED = "scheduled"

    @classmethod
    def _missing_(cls, value: object) -> State:
        member = str.__new__(cls, value)
        member._name_ = member._value_ = str(value)
        return member


class Run(Record, frozen=True, kw_only=True):
    shown: ClassVar = ("at",)

    at: Annotated[datetime, AWARE] | None = None
    note: str | None = None


class UnreadableSchedule(UnreadableRecord, frozen=True, kw_only=True):
    noun: ClassVar = "schedule"

    uid: str | None


class Schedule(ResponseRecord, frozen=True, kw_only=True):
    shown: ClassVar = ("uid", "state", "amount")
    strict: ClassVar = ("currency",)
    unreadable_type: ClassVar = UnreadableSchedule

    uid: str
    state: State
    is_live: bool
    last: Run
    amount: Decimal | None = None
    currency: str | None = None
    at: Annotated[datetime, AWARE] | None = None
    memo: str | None = None
    runs: Many[Run, ...] = ()


SCHEDULE: dict[str, Any] = {
    "uid": "s-1",
    "state": "scheduled",
    "is_live": True,
    "last": {},
    "amount": 12.50,
    "currency": "KRW",
    "at": 1770000000,
    "memo": "홍길동",
    "runs": [{"at": 0}],
}
ONE = Call("GET", "/x/{uid}", Schedule, path={"uid": "s-1"}, identifiers={"uid": "s-1"})
LIST: Call[list[Schedule]] = Call("GET", "/x", list[Schedule])
LISTING = Call("GET", "/x", Listing[Schedule, UnreadableSchedule])
PAGE = Call("GET", "/x", Page[Schedule, UnreadableSchedule])


def decode(call: Call[Any], response: Any) -> Any:
    return parse(call, Reply(200, {}, ok(response)))


def test_fields_are_narrowed_by_their_annotations() -> None:
    schedule: Schedule = decode(ONE, SCHEDULE | {"at": "2026-02-02T12:00:00+09:00"})

    assert schedule.amount == Decimal("12.5")
    assert schedule.at == datetime(2026, 2, 2, 3, tzinfo=UTC)
    assert schedule.at is not None
    assert schedule.at.tzinfo is UTC
    assert schedule.runs == (Run(at=None),)
    assert type(schedule.state) is State
    assert decode(
        ONE, SCHEDULE | {"at": 0, "runs": None, "amount": None, "state": "new"}
    ) == Schedule(
        uid="s-1",
        state=State("new"),
        is_live=True,
        last=Run(),
        currency="KRW",
        memo="홍길동",
    )


def test_record_constructor_narrows_its_fields() -> None:
    seoul = timezone(timedelta(hours=9))
    run = Run(at=datetime(2026, 2, 2, 12, tzinfo=seoul))
    schedule = Schedule(uid="s", state=cast("State", "scheduled"), is_live=True, last=run)

    assert schedule.state is State.SCHEDULED
    assert run.at is not None
    assert run.at.tzinfo is UTC
    with pytest.raises(TypeError, match="Decimal"):
        msgspec.structs.replace(schedule, amount=1)


def test_repr_prints_only_the_declared_fields() -> None:
    schedule: Schedule = decode(ONE, SCHEDULE | {"memo": 5, "at": "soon"})

    assert repr(schedule) == (
        "Schedule(uid='s-1', state='scheduled', amount=Decimal('12.5'), unreadable=('at', 'memo'))"
    )


@pytest.mark.parametrize("call", [LIST, LISTING])
def test_odd_optional_fields_of_any_record_are_left_out(call: Call[Any]) -> None:
    answer = decode(call, [SCHEDULE | {"memo": [], "runs": [{"at": 0, "note": {}}]}, SCHEDULE])
    records: list[Schedule] = answer.list if call is LISTING else answer
    first, second = records

    assert first.unreadable == ("memo", "runs[0].note")
    assert (first.memo, first.runs) == (None, (Run(),))
    assert first.raw["memo"] == []
    assert (second.unreadable, second.memo) == ((), "홍길동")
    assert pickle.loads(pickle.dumps(first)) == first


@pytest.mark.parametrize("name", ["uid", "state", "is_live", "last", "amount", "currency"])
def test_required_fields_money_and_strict_fields_must_be_readable(name: str) -> None:
    odd = SCHEDULE | {name: ["홍길동"]}
    error = decode(ONE, odd)
    page = decode(PAGE, {"total": 2, "next": 0, "list": [odd, SCHEDULE]})

    assert type(error) is UnexpectedResponseError
    assert f"a schedule that cannot be read: uid={None if name == 'uid' else 's-1'!r}" in str(error)
    assert "홍길동" not in str(error)
    assert [record.path for record in page.unreadable] == [f"$.{name}"]
    assert [record.uid for record in page.list] == ["s-1"]


def test_unreadable_record_of_another_request_is_not_named() -> None:
    error = decode(ONE, SCHEDULE | {"uid": "s-2", "amount": {}})

    assert error.reason == "PortOne answered with a schedule of another uid"


class Plain(ResponseRecord, frozen=True, kw_only=True):
    name: str


def test_record_without_declarations_is_named_by_its_path() -> None:
    error = decode(Call("GET", "/x", Plain), {"name": 5})

    assert error.unreadable == (
        UnreadableRecord(path="$.name", reason="Expected `str`, got `int`"),
    )
    assert "a record that cannot be read: at $.name" in str(error)
    assert repr(Plain(name="홍길동")) == "Plain()"


def test_struct_that_is_not_a_record_is_refused_as_a_whole() -> None:
    class Card(msgspec.Struct):
        code: str = ""

    assert "$.response.code" in str(decode(Call("GET", "/x", Card), {"code": 5}))
    assert "$.response[0].code" in str(decode(Call("GET", "/x", list[Card]), [{"code": 5}]))
