"""``server.benepia``: accounts with Benepia points.

API: https://developers.portone.io/api/rest-v1/benepia. PortOne documents HTTP 500 for every refusal
of KCP, but no text: they are the fake's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from portone_async.testing.account import Account
from portone_async.testing.guard import guarded
from portone_async.testing.parameters import Parameters, refusing
from portone_async.testing.reply import Reply, envelope, failure
from portone_async.testing.request import RecordedRequest
from portone_async.testing.route import Route

from .charges import charge, order_fields

__all__ = ("ROUTES", "Benepia")

_WRONG_PASSWORD = failure(500, "베네피아 계정 정보가 올바르지 않습니다.")
_TOO_FEW_POINTS = failure(500, "베네피아 포인트가 부족합니다.")


class Benepia:
    """The accounts of the fake."""

    def __init__(self, _: Account) -> None:
        self._passwords: dict[str, str] = {}
        self._points: dict[str, Decimal] = {}

    @guarded
    def add(self, benepia_user: str, benepia_password: str, *, point: int = 100_000) -> None:
        """Add an account, or replace it."""
        self._passwords[benepia_user] = benepia_password
        self._points[benepia_user] = Decimal(point)

    def accepts(self, parameters: Parameters) -> str | None:
        """Return the account of a request; ``None`` if its password is wrong.

        Raises:
            BadParameterError: A parameter is missing or has another type.
        """
        parameters.require("benepia_user", "benepia_password", "channel_key")
        parameters.text("channel_key")
        user, password = parameters.text("benepia_user"), parameters.text("benepia_password")
        is_right = user is not None and self._passwords.get(user) == password
        return user if is_right else None

    def point(self, benepia_user: str) -> Decimal:
        """Return the points of an account."""
        return self._points[benepia_user]

    @guarded
    def spend(self, benepia_user: str, amount: Decimal | int) -> None:
        """Take points off an account."""
        self._points[benepia_user] -= amount


def points(account: Account, request: RecordedRequest, _: Mapping[str, str]) -> Reply:
    benepia = account.state(Benepia)
    user = benepia.accepts(Parameters.of(request))
    return _WRONG_PASSWORD if user is None else envelope({"point": int(benepia.point(user))})


def pay(account: Account, request: RecordedRequest, _: Mapping[str, str]) -> Reply:
    parameters, benepia = Parameters.of(request), account.state(Benepia)
    parameters.require("merchant_uid", "amount", "name")
    parameters.texts("notice_url")
    fields = order_fields(parameters)
    is_test = parameters.text("benepia_member_code") is None
    user = benepia.accepts(parameters)
    if user is None:
        return _WRONG_PASSWORD
    amount = Decimal(fields["amount"])
    if benepia.point(user) < amount:
        return _TOO_FEW_POINTS

    def spend() -> None:
        benepia.spend(user, 0 if is_test else amount)

    # That a test transaction is one of a test channel is an assumption.
    return charge(account, {**fields, "pay_method": "point", "sandbox": is_test}, on_paid=spend)


ROUTES = (
    Route("POST", "/benepia/point", refusing(points)),
    Route("POST", "/benepia/payment", refusing(pay)),
)
