"""Each check agrees with the fake PortOne, and differs when the server does."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import replace

from portone_async.doctor import CHECKS, Verdict
from portone_async.testing import (
    Exchange,
    FakePortOne,
    HtmlPage,
    Json,
    Reply,
    Status,
    TooManyRequests,
)

from .account import Edited, check_named, examine, fill

# The fake speaks plain http on loopback and accepts every address; nothing waits for a last minute.
NOT_OBSERVABLE = {"ip-allow-list", "tls", "proxy", "token-extension"}


async def test_every_observable_check_agrees_with_the_fake(server: FakePortOne) -> None:
    await fill(server)

    results = await examine(server)

    verdicts = {name: result.verdict for name, result in results.items()}
    assert verdicts == {
        check.id: Verdict.UNKNOWN if check.id in NOT_OBSERVABLE else Verdict.AGREES
        for check in CHECKS
    }


async def test_empty_account_is_unknown_and_never_differs(server: FakePortOne) -> None:
    results = await examine(server)

    assert {result.verdict for result in results.values()} == {Verdict.AGREES, Verdict.UNKNOWN}
    assert results["batch-lists-all"].verdict is Verdict.UNKNOWN


class _NewToken:
    """Issues another token at each fetch, and accepts the last one."""

    async def meet(self, exchange: Exchange, /) -> Reply:
        exchange.account.tokens.revoke()
        return exchange.reply()


class _NewStatus(Struct):
    """Replies with another status in place of one."""

    old: int
    new: int

    async def meet(self, exchange: Exchange, /) -> Reply:
        reply = exchange.reply()
        return replace(reply, status=self.new) if reply.status == self.old else reply


class _WithoutNewest:
    """Leaves the newest payment out of a batch of order numbers."""

    async def meet(self, exchange: Exchange, /) -> Reply:
        names = {name for name, _ in exchange.request.query}
        edit = _without_first if names == {"merchant_uid[]"} else _unchanged
        return await Edited(edit).meet(exchange)


def _without_first(body: dict[str, Any]) -> None:
    if body["response"]:
        del body["response"][0]


def _unchanged(_: dict[str, Any]) -> None: ...


def _set(name: str, value: Any) -> Callable[[dict[str, Any]], object]:
    """Return an edit that sets a member of the response."""
    return lambda body: body["response"].update({name: value})


def _set_in_list(**members: Any) -> Callable[[dict[str, Any]], object]:
    """Return an edit that sets members of each listed object."""
    return lambda body: [entry.update(members) for entry in body["response"]["list"]]


def _reversed(body: dict[str, Any]) -> None:
    for number, payment in enumerate(body["response"]["list"]):
        payment["paid_at"] -= number


def _add_to_token(**seconds: int) -> Callable[[dict[str, Any]], object]:
    def edit(body: dict[str, Any]) -> None:
        for name, value in seconds.items():
            body["response"][name] += value

    return edit


LIST = "/payments/status/"
OTHER_404 = Json({"code": -1, "message": "없음", "response": None}, 404)
EMPTY_PAGE = Json(
    {"code": 0, "message": None, "response": {"total": 0, "previous": 0, "next": 0, "list": []}}
)
# The check, the beginning of a path, and what the server replies there.
DIFFERENCES: list[tuple[str, str, Any]] = [
    ("clock", "/users/getToken", Edited(_add_to_token(now=90, expired_at=90))),
    ("token-lifetime", "/users/getToken", Edited(_add_to_token(expired_at=3600))),
    ("token-header", "/payments/find/", Status(401, '{"code":-1,"message":"x","response":null}')),
    ("token-refused", "/payments/find/", _NewStatus(401, 403)),
    ("token-reuse", "/users/getToken", _NewToken()),
    ("quoted-slash", "/payments/find/", OTHER_404),
    ("not-found", "/payments/findAll/", OTHER_404),
    ("not-found", "/payments/imp_", Status(404)),
    ("batch-not-found", "/payments", Json({"code": 0, "message": None, "response": []})),
    ("batch-size", "/payments", Status(414)),
    ("batch-partial", "/payments", Edited(status=200)),
    ("batch-partial", "/payments", Edited(lambda body: body.update(code=1), path="/payments")),
    ("batch-lists-all", "/payments", _WithoutNewest()),
    ("billing-key-batch", "/subscribe/customers", Edited(status=200)),
    ("billing-key-batch-size", "/subscribe/customers", Edited(status=400)),
    ("code-not-found", "/banks/", Json({"code": 0, "message": None, "response": {}})),
    ("tier-not-found", "/tiers/", Status(404)),
    ("page-edges", LIST, Edited(_set("previous", None))),
    ("page-edges", LIST, Edited(_set("next", 2))),
    ("page-order", LIST, Edited(_reversed)),
    ("empty-period", LIST, OTHER_404),
    ("pending-status", LIST, EMPTY_PAGE),
    ("schedule-list", "/subscribe/payments/", Json({"code": 0, "message": None, "response": []})),
    ("readable", LIST, Edited(_set_in_list(amount="much", card_quota="three"))),
    ("known-fields", LIST, Edited(_set_in_list(settled=True, promotion={"kind": "new"}))),
    ("sandbox-field", LIST, Edited(_set_in_list(sandbox=None))),
    ("sandbox-rule", "/payments/imp_", Edited(status=200)),
    ("promotion-amount", "/payments/prepare/", Edited(_set("amount", 98766431))),
    ("barcode-field", LIST, Edited(lambda b: [e.pop("barcode", 0) for e in b["response"]["list"]])),
    ("rate-headers", LIST, Edited(headers={"X-RateLimit-Remaining": "9"})),
    ("rate-headers", LIST, TooManyRequests(retry_after="0")),
]


@pytest.mark.parametrize(
    ("name", "path", "fault"),
    DIFFERENCES,
    ids=[f"{number}-{name}" for number, (name, *_) in enumerate(DIFFERENCES)],
)
async def test_check_differs_when_the_server_does(
    server: FakePortOne, name: str, path: str, fault: Any
) -> None:
    await fill(server)
    server.fail(fault, times=None, on=path)
    # The measurements at the end judge the requests of the others.
    others = [check_named("readable")] if name == "rate-headers" else []

    results = await examine(server, *others, check_named(name))

    assert results[name].verdict is Verdict.DIFFERS
    assert results[name].facts


async def test_page_beyond_the_end_differs_when_it_is_served(server: FakePortOne) -> None:
    await fill(server)

    class Served:
        async def meet(self, exchange: Exchange, /) -> Reply:
            reply = exchange.reply()
            return reply if reply.status == 200 else await EMPTY_PAGE.meet(exchange)

    server.fail(Served(), times=None, on=LIST)

    results = await examine(server, check_named("page-beyond-end"))

    assert results["page-beyond-end"].verdict is Verdict.DIFFERS


async def test_period_differs_when_its_ends_are_left_out(server: FakePortOne) -> None:
    await fill(server)

    class WithoutEnds:
        async def meet(self, exchange: Exchange, /) -> Reply:
            query = dict(exchange.request.query)
            is_second = query["from"] == query["to"]
            return await EMPTY_PAGE.meet(exchange) if is_second else exchange.reply()

    server.fail(WithoutEnds(), times=None, on=LIST)

    results = await examine(server, check_named("period-ends"))

    assert results["period-ends"].verdict is Verdict.DIFFERS


async def test_review_period_differs_when_a_year_is_refused(server: FakePortOne) -> None:
    await fill(server)

    class ShortOnly:
        async def meet(self, exchange: Exchange, /) -> Reply:
            query = dict(exchange.request.query)
            is_long = int(query["to"]) - int(query["from"]) > 86400 * 31
            return Reply(400, b'{"code":-1,"message":"x"}') if is_long else exchange.reply()

    server.fail(ShortOnly(), times=None, on="/naver/reviews")

    results = await examine(server, check_named("naver-review-period"))

    assert results["naver-review-period"].verdict is Verdict.DIFFERS


async def test_promotion_after_the_discount_is_counted_as_such(server: FakePortOne) -> None:
    await fill(server)
    payment = server.payments.of_order("canary-promoted")[0]
    server.update(payment.imp_uid, amount=98764431)

    results = await examine(server, check_named("promotion-amount"))

    assert results["promotion-amount"].facts["after_discount"] == 1


async def test_unknown_fields_and_types_are_reported_by_name(server: FakePortOne) -> None:
    await fill(server)
    odd: dict[str, Any] = {
        "settled_at": 1,
        "amount": "much",
        "cancel_history": [{"amount": [], "fee": 1}],
    }
    server.fail(Edited(_set_in_list(**odd)), times=None, on=LIST)

    results = await examine(server, check_named("readable"), check_named("known-fields"))

    assert results["readable"].facts["fields"] == {"amount": "string"}
    assert results["known-fields"].facts["fields"] == {
        "settled_at": "number",
        "cancel_history.fee": "number",
    }


async def test_types_of_nested_fields_are_those_that_were_sent(server: FakePortOne) -> None:
    await fill(server)
    odd: dict[str, Any] = {"cancel_history": [{"amount": []}, {}], "promotion": {"discount": "x"}}
    server.fail(Edited(_set_in_list(**odd)), times=None, on=LIST)

    results = await examine(server, check_named("readable"))

    assert results["readable"].facts["fields"] == {
        "cancel_history.amount": "array-null",
        "promotion.discount": "string",
    }


@pytest.mark.parametrize("fault", [Status(503), HtmlPage(200), TooManyRequests(retry_after="0")])
async def test_check_without_an_answer_failed(server: FakePortOne, fault: Any) -> None:
    await fill(server)
    server.fail(fault, times=None, on=LIST)

    results = await examine(server, check_named("readable"), check_named("code-not-found"))

    assert results["readable"].verdict is Verdict.FAILED
    assert results["code-not-found"].verdict is Verdict.AGREES


@pytest.mark.parametrize(
    ("name", "path", "status", "verdict"),
    [
        ("tier-not-found", "/tiers/", 401, Verdict.UNKNOWN),
        ("schedule-list", "/subscribe/payments/", 400, Verdict.UNKNOWN),
        ("quoted-slash", "/payments/find/", 403, Verdict.AGREES),
        ("code-not-found", "/banks/", 403, Verdict.FAILED),
    ],
)
async def test_refusal_is_judged_where_accounts_differ(
    server: FakePortOne, name: str, path: str, status: int, verdict: Verdict
) -> None:
    server.fail(Status(status), times=None, on=path)

    results = await examine(server, check_named(name))

    assert results[name].verdict is verdict


async def test_refused_sample_failed_and_is_not_an_empty_account(server: FakePortOne) -> None:
    server.fail(Json({"code": -1, "message": "x", "response": None}, 400), times=None, on=LIST)

    results = await examine(server, check_named("readable"), check_named("page-edges"))

    assert {result.verdict for result in results.values()} == {Verdict.FAILED}
