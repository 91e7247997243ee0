"""``server.kcp_quick``: quick payments of KCP.

API: https://developers.portone.io/api/rest-v1/kcpQuick. No response of these operations is known but
from the document, so every text of a refusal is the fake's own.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from portone_async.models.kcp_quick import KcpQuickMember
from portone_async.testing.account import Account
from portone_async.testing.guard import guarded
from portone_async.testing.parameters import BadParameterError, Parameters, refusing
from portone_async.testing.record import blank, encode
from portone_async.testing.reply import JSON, Reply, envelope, failure, php_json
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Handler, Route

from .billing_keys import BillingKeys
from .charges import UNKNOWN_KEY, charge, order_fields

__all__ = ("ROUTES", "KcpQuick")

_NO_MEMBER = failure(404, "존재하지 않는 회원입니다.")
_PG = {"pg_provider": "kcp_quick", "pg_id": "IX0XX"}


class KcpQuick:
    """The transactions and members of the fake. Automatic payment keys are billing keys."""

    def __init__(self, account: Account) -> None:
        self._clock = account.clock
        self._members: dict[str, dict[str, Any]] = {}
        self._with_fido: set[str] = set()
        self._used_transactions: set[str] = set()
        self.registered: dict[str, dict[str, Any]] = {}
        """The registered transactions by ``merchant_uid``."""

    @guarded
    def add_member(self, member_id: str, *, has_fido: bool = True) -> None:
        """Add a member, with biometric sign-in or without."""
        now = int(self._clock.now)
        times = {"inserted": now, "updated": now}
        self._members[member_id] = {**blank(KcpQuickMember), **_PG, **times, "member_id": member_id}
        if has_fido:
            self._with_fido.add(member_id)

    @guarded
    def remove_member(self, member_id: str) -> dict[str, Any] | None:
        """Erase a member and return it; ``None`` if there is none."""
        self._with_fido.discard(member_id)
        return self._members.pop(member_id, None)

    @guarded
    def release_fido(self, member_id: str) -> bool:
        """End the biometric sign-in of a member; return whether there was one."""
        has_fido = member_id in self._with_fido
        self._with_fido.discard(member_id)
        return has_fido

    def has_member(self, member_id: str) -> bool:
        return member_id in self._members

    @guarded
    def use_transaction(self, imp_uid: str) -> bool:
        """Charge by a transaction; return whether it was not used before."""
        is_new = imp_uid not in self._used_transactions
        self._used_transactions.add(imp_uid)
        return is_new


def _json_only(
    handler: Callable[[Account, RecordedRequest, Mapping[str, str]], Reply],
) -> Handler:
    """Refuse forms: these operations take JSON only."""

    def respond(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
        if "json" not in request.headers.get("content-type", ""):
            raise BadParameterError("JSON 형식이 올바르지 않습니다.")
        return handler(account, request, path)

    return refusing(respond)


def prepare(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
    transaction = _transaction(request)
    registered, number = account.state(KcpQuick).registered, path["merchant_uid"]
    if number in registered:
        return failure(409, "이미 등록된 거래입니다.")
    registered[number] = transaction
    return envelope(None)


def update_prepared(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
    transaction = _transaction(request)
    registered, number = account.state(KcpQuick).registered, path["merchant_uid"]
    if number not in registered:
        return failure(404, "등록된 거래가 존재하지 않습니다.")
    registered[number] = transaction
    return envelope(None)


def _transaction(request: RecordedRequest) -> dict[str, Any]:
    """Return the values to register.

    Raises:
        BadParameterError: A parameter is missing or has another type.
    """
    parameters = Parameters.of(request)
    parameters.require("btid", "cust_ip", "code_verifier")
    names = ("btid", "cust_ip", "code_verifier", "vender_type", "reward_id")
    values: dict[str, Any] = {name: parameters.text(name) for name in names}
    values["prepaid_auth_yn"] = parameters.text("prepaid_auth_yn", words=("Y", "N"))
    values["prepaid_amount"] = parameters.integer("prepaid_amount")
    if values["prepaid_auth_yn"] == "Y":
        parameters.require("prepaid_amount")
    return values


def pay_with_money(account: Account, request: RecordedRequest, _: Mapping[str, str]) -> Reply:
    parameters = Parameters.of(request)
    parameters.require("member_id", "channel_key", "merchant_uid", "name", "amount", "imp_uid")
    parameters.integer("amount")
    for name in ("channel_key", "notice_url"):
        parameters.text(name)
    member_id, imp_uid = parameters.text("member_id"), parameters.text("imp_uid")
    quick = account.state(KcpQuick)
    if not quick.has_member(str(member_id)):
        return failure(200, "존재하지 않는 회원입니다.")
    # That a transaction serves for one charge only is an assumption.
    if not quick.use_transaction(str(imp_uid)):
        return failure(200, "이미 사용된 거래입니다.")
    return charge(account, order_fields(parameters) | _PG | {"pay_method": "kcp_quick"})


def pay_automatically(account: Account, request: RecordedRequest, _: Mapping[str, str]) -> Reply:
    parameters = Parameters.of(request)
    parameters.require("customer_uid", "merchant_uid", "name", "buyer_name", "amount")
    parameters.integer("amount")
    parameters.text("notice_url")
    customer_uid = str(parameters.text("customer_uid"))
    keys = account.state(BillingKeys)
    if customer_uid not in keys:
        return UNKNOWN_KEY
    fields = order_fields(parameters) | _PG
    fields |= {"customer_uid": customer_uid, "customer_uid_usage": "payment"}
    return charge(account, fields, declined=keys.take_decline(customer_uid))


def delete_key(account: Account, _: RecordedRequest, path: Mapping[str, str]) -> Reply:
    keys, customer_uid = account.state(BillingKeys), path["customer_uid"]
    if customer_uid not in keys:
        return failure(404, "존재하지 않는 자동결제 키입니다.")
    keys.remove(customer_uid)
    # The document has this message on a success.
    text = "자동결제 키가 정상적으로 삭제되었습니다."
    return envelope({"customer_uid": customer_uid}, message=text)


def delete_member(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
    query = dict(request.query)
    names = ("site_code", "partner_type", "partner_subtype")
    if not all(query.get(name) for name in names):
        return failure(400, "site_code, partner_type, partner_subtype 파라메터는 필수입니다.")
    if request.headers.get("accept") != "application/json":
        return failure(400, "Accept 헤더가 올바르지 않습니다.")
    member = account.state(KcpQuick).remove_member(path["member_id"])
    return _NO_MEMBER if member is None else envelope(encode(KcpQuickMember, member))


def release_fido(account: Account, request: RecordedRequest, path: Mapping[str, str]) -> Reply:
    parameters = Parameters.of(request)
    parameters.require("channel_key")
    parameters.text("channel_key")
    if account.state(KcpQuick).release_fido(path["member_id"]):
        return envelope({"member_id": path["member_id"]})
    # A failure has no `response`, and the reason of KCP in `error`.
    error = {"code": "C210", "message": "등록된 생체인증 정보가 없습니다."}
    text = "생체인증 사용 해제에 실패하였습니다."
    body = php_json({"code": -1, "message": text, "error": error})
    return Reply(200, body, {"Content-Type": JSON})


ROUTES = (
    Route("POST", "/kcpquick/prepare/{merchant_uid}", _json_only(prepare)),
    Route("PUT", "/kcpquick/prepare/{merchant_uid}", _json_only(update_prepared)),
    Route("POST", "/kcpquick/payment/money", _json_only(pay_with_money)),
    Route("POST", "/kcpquick/payment/autopay", _json_only(pay_automatically)),
    Route("DELETE", "/kcpquick/autopay/{customer_uid}", delete_key),
    Route("DELETE", "/kcpquick/members/{member_id}", delete_member),
    Route("POST", "/kcpquick/members/{member_id}/fido/release", _json_only(release_fido)),
)
