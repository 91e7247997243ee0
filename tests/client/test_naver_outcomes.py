"""Any faults around a cancel of product orders: the outcome agrees with the server."""

from __future__ import annotations

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from portone_async import OutcomeUnknownError, PortOneClient, PortOneError
from portone_async.models.naver import NaverProductOrder
from portone_async.resources.naver import ALL, ProductOrdersRefusedError
from portone_async.testing import (
    CutBody,
    Delay,
    Duplicate,
    FakePortOne,
    Fault,
    HtmlPage,
    LateProcessing,
    LostAnswer,
    Reset,
    Status,
)
from tests.conftest import AT_ONCE

NONE = Delay(0)
LOSING = (LostAnswer(), Reset(), LateProcessing(30), CutBody(), HtmlPage(500), Status(503))
POSTS = st.lists(st.sampled_from((NONE, Duplicate(), *LOSING)), max_size=4)
GETS = st.lists(st.sampled_from((NONE, NONE, Reset(), Status(503))), max_size=12)


@given(posts=POSTS, gets=GETS, refused=st.sets(st.integers(0, 2)), cancelled=st.booleans())
def test_outcome_of_a_cancel_agrees_with_the_server(
    posts: list[Fault], gets: list[Fault], refused: set[int], cancelled: bool
) -> None:
    with FakePortOne() as server:
        imp_uid = server.add(pg_provider="naverco").imp_uid
        ids = [server.naver.add(imp_uid).product_order_id for _ in range(3)]
        if cancelled:
            server.naver.update(ids[0], product_order_status="CANCELED")
            refused = refused - {0}
        server.naver.refuses |= {ids[index] for index in refused}
        for method, faults in (("POST", posts), ("GET", gets)):
            if faults:
                server.fail(*faults, on="/payments", method=method)
        outcome = asyncio.run(cancel(server, imp_uid))

        canceled = {
            uid for uid in ids if server.naver.orders[uid]["product_order_status"] == "CANCELED"
        }
        sent = server.count("/payments", "POST")
        lost = any(fault in LOSING for fault in posts[:sent])
        if isinstance(outcome, ProductOrdersRefusedError):
            assert {*outcome.refused} == {*ids} - canceled
            assert {order.product_order_id for order in outcome.succeeded} == canceled
        elif isinstance(outcome, OutcomeUnknownError):
            assert lost
        elif isinstance(outcome, PortOneError):
            assert sent == 0  # The look-up before it failed.
        else:
            assert canceled == {*ids}
        server.advance(31)
        now = {uid for uid in ids if server.naver.orders[uid]["product_order_status"] == "CANCELED"}
        assert now == canceled or isinstance(outcome, OutcomeUnknownError)
        assert now.isdisjoint(server.naver.refuses)


async def cancel(server: FakePortOne, imp_uid: str) -> list[NaverProductOrder] | PortOneError:
    client: PortOneClient
    async with server.client(retry=AT_ONCE, rate_limit=None) as client:
        try:
            return await client.naver.cancel(imp_uid, product_order_id=ALL, settle=0)
        except PortOneError as error:
            return error
