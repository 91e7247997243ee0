"""Transactions that are registered before their window is opened."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from types import NoneType
from typing import Any, Literal

from portone_async.call import Call, Caller, Repeat
from portone_async.errors import ApiError, PortOneError
from portone_async.resources._confidential import confidential, secrets_in
from portone_async.resources._request import json_body, path_value, whole_money
from portone_async.resources._settle import is_open, validate_settle
from portone_async.resources._settle import settle as settle_outcome

from ._errors import KcpQuickNotFoundError, classify

__all__ = ("Registration",)


class Registration:
    """The operations of ``/kcpquick/prepare``."""

    def __init__(self, client: Caller) -> None:
        self._client = client

    @confidential()
    async def prepare(
        self,
        merchant_uid: str,
        *,
        btid: str,
        cust_ip: str,
        code_verifier: str,
        prepaid_auth_yn: Literal["Y", "N"] | str | None = None,
        prepaid_amount: int | None = None,
        vender_type: str | None = None,
        reward_id: str | None = None,
        extra_body: Mapping[str, Any] | None = None,
        settle: float = 90,
    ) -> None:
        """Register a transaction before its window is opened.

        After a lost answer the same values are set by :meth:`update_prepared`, which succeeds only
        if the transaction is registered; else it is registered again.

        Args:
            merchant_uid: The order number.
            btid: The shop's number of the transaction; new for each.
            cust_ip: The buyer's IPv4 address.
            code_verifier: A random secret of the shop.
            prepaid_auth_yn: ``Y`` where ``prepaid_amount`` is required.
            prepaid_amount: The amount of prepaid money, up to 9 digits.
            vender_type: ``VID2`` or ``VID3``, for prepaid money offline.
            reward_id: For prepaid money offline.
            extra_body: Parameters that this package does not know.
            settle: Seconds to repeat it after a lost answer; 0 for one repetition.

        Raises:
            OutcomeUnknownError: Whether it is registered is unknown.
            InvalidRequestError: An argument can never be right; nothing was sent.
            ApiError: PortOne refused it; HTTP 409: the order number is registered already.
            PortOneError: Any other failure.

        The response is not documented, and not read; only a registration would show it.

        Source: ``POST /kcpquick/prepare/{merchant_uid}``.
        """
        seconds = validate_settle(settle)
        body = json_body(
            extra_body,
            btid=btid,
            cust_ip=cust_ip,
            code_verifier=code_verifier,
            prepaid_auth_yn=prepaid_auth_yn,
            prepaid_amount=_whole_or_none(prepaid_amount),
            vender_type=vender_type,
            reward_id=reward_id,
        )
        post = _prepare_call("POST", merchant_uid, body)
        put = _prepare_call("PUT", merchant_uid, body)

        async def register() -> bool:
            await self._client.call(post)
            return True

        async def set_again() -> bool | PortOneError | None:
            try:
                await self._client.call(put)
            except KcpQuickNotFoundError:
                return None
            except ApiError as error:
                if is_open(error):
                    raise
                return error
            return True

        await settle_outcome(register, set_again, seconds=seconds, resend=True)

    @confidential()
    async def update_prepared(
        self,
        merchant_uid: str,
        *,
        btid: str,
        cust_ip: str,
        code_verifier: str,
        prepaid_auth_yn: Literal["Y", "N"] | str | None = None,
        prepaid_amount: int | None = None,
        vender_type: str | None = None,
        reward_id: str | None = None,
        extra_body: Mapping[str, Any] | None = None,
    ) -> None:
        """Replace the values of a registered transaction. It is retried after a lost answer.

        Args:
            merchant_uid: The order number.
            btid: As for :meth:`prepare`, like the others.
            cust_ip: The buyer's IPv4 address.
            code_verifier: A random secret of the shop.
            prepaid_auth_yn: ``Y`` where ``prepaid_amount`` is required.
            prepaid_amount: The amount of prepaid money, up to 9 digits.
            vender_type: ``VID2`` or ``VID3``, for prepaid money offline.
            reward_id: For prepaid money offline.
            extra_body: Parameters that this package does not know.

        Raises:
            KcpQuickNotFoundError: PortOne reports that the order number is not registered.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: Any other failure.

        The response is not documented, and not read; only a registration would show it.

        Source: ``PUT /kcpquick/prepare/{merchant_uid}``.
        """
        body = json_body(
            extra_body,
            btid=btid,
            cust_ip=cust_ip,
            code_verifier=code_verifier,
            prepaid_auth_yn=prepaid_auth_yn,
            prepaid_amount=_whole_or_none(prepaid_amount),
            vender_type=vender_type,
            reward_id=reward_id,
        )
        await self._client.call(_prepare_call("PUT", merchant_uid, body))


def _prepare_call(
    method: Literal["POST", "PUT"], merchant_uid: str, body: Mapping[str, Any]
) -> Call[None]:
    path = {"merchant_uid": path_value("merchant_uid", merchant_uid)}
    return Call(
        method,
        "/kcpquick/prepare/{merchant_uid}",
        NoneType,
        path=path,
        body=body,
        identifiers=path,
        classify=classify,
        repeat=Repeat.GUARDED if method == "POST" else Repeat.SET,
        secrets=secrets_in(body),
    )


def _whole_or_none(amount: int | None) -> Decimal | None:
    return None if amount is None else whole_money("prepaid_amount", amount)
