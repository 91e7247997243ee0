"""Access tokens.

API: https://developers.portone.io/api/rest-v1/auth
"""

from __future__ import annotations

from collections.abc import Mapping

from portone_async.testing.account import Account
from portone_async.testing.reply import Reply, envelope, failure
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Route


def get_token(account: Account, request: RecordedRequest, _: Mapping[str, str]) -> Reply:
    fields = request.fields
    key_pair = fields.get("imp_key"), fields.get("imp_secret")
    if not all(key_pair):
        return failure(400, "imp_key, imp_secret 파라메터가 누락되었습니다.")
    if key_pair != (account.imp_key, account.imp_secret):
        return failure(401, "인증에 실패하였습니다. API키와 secret을 확인하세요.")
    token = account.tokens.issue()
    now = int(account.clock.now)
    return envelope({"access_token": token.value, "expired_at": token.expired_at, "now": now})


ROUTES = (Route("POST", "/users/getToken", get_token, is_open=True),)
