"""https://developers.portone.io/api/rest-v1/auth."""

from __future__ import annotations

from collections.abc import Mapping

from portone_async.testing.answer import Answer, envelope, failure
from portone_async.testing.received import RecordedRequest
from portone_async.testing.route import Route
from portone_async.testing.shop import Shop


def get_token(shop: Shop, received: RecordedRequest, _: Mapping[str, str]) -> Answer:
    fields = received.fields
    pair = fields.get("imp_key"), fields.get("imp_secret")
    if not all(pair):
        return failure(400, "imp_key, imp_secret 파라메터가 누락되었습니다.")
    if pair != (shop.imp_key, shop.imp_secret):
        return failure(401, "인증에 실패하였습니다. API키와 secret을 확인하세요.")
    token = shop.tokens.issue()
    now = int(shop.clock.now)
    return envelope({"access_token": token.value, "expired_at": token.expired_at, "now": now})


ROUTES = (Route("POST", "/users/getToken", get_token, is_open=True),)
