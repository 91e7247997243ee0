"""Results hold names, types and counts: never the data of a shop or a person."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portone_async.doctor import CHECKS, Examination, result_object
from portone_async.doctor.anonymous import anonymous
from portone_async.doctor.check import Fact, agrees
from portone_async.doctor.json_values import array_of, object_of
from portone_async.testing import Exchange, FakePortOne, Json, Reply, Status
from tests.support.canaries import (
    BUYER,
    KEY,
    REASONS,
    SECRET,
    canary_server,
    renderings,
    spellings,
)

from .account import Edited, fill, reading

PLANTED = (
    *(KEY, SECRET, *BUYER.values(), *REASONS),
    *("canary-order", "canary-test", "canary-promot", "canary-customer", "98765431", "9999-canary"),
)


@pytest.mark.parametrize(
    "name",
    ["010-1234-5678", "홍길동", "a" * 41, "hong@example.com", "order-1", "a b", "", "x\n", "é"],
)
def test_name_that_looks_like_data_is_dropped_and_counted(name: str) -> None:
    result = anonymous(agrees(fields={name: "string", "settled": "number"}, names=[name], one=name))

    assert result.facts == {"fields": {"settled": "number"}, "names": [], "dropped": 3}


def test_name_of_a_field_with_a_capital_is_dropped() -> None:
    result = anonymous(agrees(fields={"HongGildong": "string", "settled": "number"}))

    assert result.facts == {"fields": {"settled": "number"}, "dropped": 1}


async def test_names_that_a_shop_chooses_are_in_no_result(server: FakePortOne) -> None:
    chosen = {"hong_gildong": {"gildong": 1}}
    members: dict[str, Any] = {
        **dict.fromkeys(("custom_data", "extension", "added", "amount"), chosen),
        "promotion": {"added": chosen},
        "cancel_history": [{"reason": chosen, "added": chosen}],
    }
    await fill(server)
    for left_out in ("", "amount"):  # With it, no payment can be read.
        sent = {name: value for name, value in members.items() if name != left_out}
        server.fail(Edited(partial(_update_listed, sent)), times=None, on="/payments/status")

        texts = await _published(server)

        assert "cancel_history.added" in str(texts)
        assert not [text for text in texts if "gildong" in text]
        server.clear_faults()


def _update_listed(members: dict[str, Any], body: dict[str, Any]) -> None:
    for payment in body["response"]["list"]:
        payment.update(members)


def test_large_number_is_dropped() -> None:
    assert anonymous(agrees(amount=98765431, count=1000)).facts == {"count": 1000, "dropped": 1}


@given(
    st.dictionaries(
        st.sampled_from(["a", "b", "c"]),
        st.text() | st.lists(st.text()) | st.dictionaries(st.text(), st.text()),
    )
)
def test_every_published_text_is_a_short_name(facts: dict[str, Fact]) -> None:
    published = anonymous(agrees(**facts)).facts

    texts = [text for fact in published.values() for text in _texts(fact)]
    assert all(text.isascii() and len(text) <= 40 for text in texts)
    assert not [text for text in texts if any(map(str.isdigit, text)) and "TLS" not in text]


def _texts(fact: Any) -> list[str]:
    if isinstance(fact, str):
        return [fact]
    pairs = object_of(fact)
    return [*pairs, *pairs.values(), *array_of(fact)]


class _Echo:
    """Repeats planted data in every place of a reply that a check may look at."""

    async def meet(self, exchange: Exchange, /) -> Reply:
        planted = {text: text for text in PLANTED}
        body = {"code": 98765431, "message": " ".join(PLANTED), "response": planted}
        headers = {"X-RateLimit-canary-order-0": "canary-order-0"}
        reply = await Json(body, 200).meet(exchange)
        return Reply(reply.status, reply.body, {**reply.headers, **headers})


PLANTED_KEYS: dict[str, Any] = {**dict.fromkeys(PLANTED, 1), "amount": BUYER["buyer_name"]}
FAULTS: list[tuple[str, Any]] = [
    ("/never", Status(500)),
    ("/payments/status", Edited(lambda b: [e.update(PLANTED_KEYS) for e in b["response"]["list"]])),
    ("/", _Echo()),
    ("/", Status(404)),
    ("/payments", Status(403, " ".join(PLANTED).encode())),
    ("/users/getToken", Json({"code": -1, "message": KEY}, 401)),
]


@pytest.mark.parametrize(("path", "fault"), FAULTS, ids=range(len(FAULTS)))
async def test_no_planted_data_is_in_a_result(path: str, fault: Any) -> None:
    async with canary_server() as server:
        await fill(server)
        server.fail(fault, times=None, on=path)
        texts = await _published(server)
        secrets = [*PLANTED, *([server.token] if server.token else [])]

    assert len(texts) > len(CHECKS)
    assert not [s for secret in secrets for s in spellings(secret) for t in texts if s in t]


async def _published(server: FakePortOne) -> list[str]:
    texts: list[str] = []
    async with reading(server) as client:
        examination = Examination(client)
        async for check, result in examination.results():
            texts += [str(result_object(check, result)), repr(result)]
    evidence = examination.evidence
    recorded = [*evidence.exchanges.values(), *evidence.recorder.received]
    for value in (evidence, evidence.recorder, evidence.recorder.tokens, *recorded):
        texts += renderings(value)
    return texts
