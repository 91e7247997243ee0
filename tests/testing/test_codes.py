"""Names of card companies and banks."""

from __future__ import annotations

import pytest

from portone_async.testing import FakePortOne
from tests.support.fake_http import fetch_json


async def test_codes_of_cards_and_banks_have_names(server: FakePortOne) -> None:
    for target, code, name in (
        ("/cards/361", "361", "BC카드"),
        ("/cards/366", "366", "신한카드"),
        ("/cards/381", "381", "KB국민카드"),
        ("/banks/004", "004", "국민은행"),
    ):
        status, body = await fetch_json(server, target)
        assert status == 200
        assert body == {"code": 0, "message": None, "response": {"code": code, "name": name}}


@pytest.mark.parametrize("target", ["/cards", "/banks"])
async def test_each_listed_code_has_the_name_of_its_look_up(
    server: FakePortOne, target: str
) -> None:
    _, listed = await fetch_json(server, target)

    assert len(listed["response"]) == 7
    for entry in listed["response"]:
        _, single = await fetch_json(server, f"{target}/{entry['code']}")
        assert single["response"] == entry


@pytest.mark.parametrize("target", ["/cards/000", "/banks/361"])
async def test_unknown_code_gets_404_in_an_envelope(server: FakePortOne, target: str) -> None:
    status, body = await fetch_json(server, target)
    assert (status, body["code"], body["response"]) == (404, -1, None)
