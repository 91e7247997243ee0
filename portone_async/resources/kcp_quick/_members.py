"""Members, their keys and their biometric sign-in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from portone_async.call import Call, Caller, Repeat
from portone_async.errors import ApiError, OutcomeUnknownError, PortOneError
from portone_async.models import ResponseRecord
from portone_async.models.kcp_quick import KcpQuickFido, KcpQuickKey, KcpQuickMember
from portone_async.resources._about import about
from portone_async.resources._confidential import confidential, secrets_in
from portone_async.resources._request import json_body, path_value
from portone_async.resources._settle import is_open, validate_settle, verdict
from portone_async.resources._settle import settle as settle_outcome

from ._errors import KcpQuickNotFoundError, classify

__all__ = ("Members",)

R = TypeVar("R", bound=ResponseRecord)


class Members:
    """The operations of ``/kcpquick/autopay`` and ``/kcpquick/members``."""

    def __init__(self, client: Caller) -> None:
        self._client = client

    async def delete_billing_key(self, customer_uid: str, *, settle: float = 90) -> KcpQuickKey:
        """Delete an automatic payment key.

        After a lost answer it is sent again; then "not found" means that it is deleted.

        Args:
            customer_uid: The shop's name for the key. With a slash it cannot be named here.
            settle: Seconds to repeat it after a lost answer; 0 for one repetition.

        Raises:
            KcpQuickNotFoundError: PortOne reports no such key.
            OutcomeUnknownError: Whether it is deleted is unknown.
            InvalidRequestError: An argument can never be right; nothing was sent.
            ApiError: PortOne or KCP refused it.
            PortOneError: Any other failure.

        Source: ``DELETE /kcpquick/autopay/{customer_uid}``.
        """
        path = {"customer_uid": path_value("customer_uid", customer_uid)}
        call = Call(
            "DELETE",
            "/kcpquick/autopay/{customer_uid}",
            KcpQuickKey,
            path=path,
            identifiers=path,
            check=_check("customer_uid", customer_uid),
            classify=classify,
            repeat=Repeat.GUARDED,
        )
        return await self._delete(call, KcpQuickKey(customer_uid=customer_uid), settle)

    async def delete_member(
        self,
        member_id: str,
        *,
        site_code: str,
        partner_type: str,
        partner_subtype: str,
        settle: float = 90,
    ) -> KcpQuickMember:
        """Erase a member with all means of payment.

        Delete the member's keys afterwards: KCP refuses to delete them before. After a lost answer
        it is sent again; then "not found" means that the member is erased.

        Args:
            member_id: The shop's id of the member at KCP.
            site_code: The shop's site code at KCP.
            partner_type: The shop's type at KCP.
            partner_subtype: The shop's subtype at KCP.
            settle: Seconds to repeat it after a lost answer; 0 for one repetition.

        Raises:
            KcpQuickNotFoundError: PortOne reports no such member.
            OutcomeUnknownError: Whether the member is erased is unknown.
            InvalidRequestError: An argument can never be right; nothing was sent.
            ApiError: PortOne or KCP refused it.
            PortOneError: Any other failure.

        Source: ``DELETE /kcpquick/members/{member_id}``.
        """
        path = {"member_id": path_value("member_id", member_id)}
        call = Call(
            "DELETE",
            "/kcpquick/members/{member_id}",
            KcpQuickMember,
            path=path,
            query={
                "site_code": site_code,
                "partner_type": partner_type,
                "partner_subtype": partner_subtype,
            },
            identifiers=path,
            check=_check("member_id", member_id),
            classify=classify,
            repeat=Repeat.GUARDED,
        )
        return await self._delete(call, KcpQuickMember(member_id=member_id), settle)

    @confidential()
    async def release_fido(
        self,
        member_id: str,
        *,
        channel_key: str,
        extra_body: Mapping[str, Any] | None = None,
        settle: float = 90,
    ) -> KcpQuickFido:
        """End the biometric sign-in of a member.

        After a lost answer it is sent again. A refusal then may mean that the first request ended
        it, so the outcome is unknown.

        Args:
            member_id: The shop's id of the member at KCP.
            channel_key: The channel, from the console.
            extra_body: Parameters that this package does not know.
            settle: Seconds to repeat it after a lost answer; 0 for one repetition.

        Raises:
            ApiError: PortOne or KCP refused it: ``pg_code`` and ``pg_message`` have KCP's reason.
            OutcomeUnknownError: Whether it was ended is unknown.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: Any other failure.

        Source: ``POST /kcpquick/members/{member_id}/fido/release``.
        """
        seconds = validate_settle(settle)
        path = {"member_id": path_value("member_id", member_id)}
        body = json_body(extra_body, channel_key=channel_key)
        call = Call(
            "POST",
            "/kcpquick/members/{member_id}/fido/release",
            KcpQuickFido,
            path=path,
            body=body,
            identifiers=path,
            check=_check("member_id", member_id),
            classify=verdict,
            repeat=Repeat.GUARDED,
            secrets=secrets_in(body),
        )

        async def send() -> KcpQuickFido:
            return await self._client.call(call)

        async def repeat() -> KcpQuickFido | PortOneError:
            try:
                return await self._client.call(call)
            except ApiError as error:
                if is_open(error):
                    raise
                return _repetition_refused(call, error)

        return await settle_outcome(send, repeat, seconds=seconds)

    async def _delete(self, call: Call[R], deleted: R, seconds: float) -> R:
        """Delete something; after a lost answer repeat it until PortOne reports it missing."""
        seconds = validate_settle(seconds)

        async def send() -> R:
            return await self._client.call(call)

        async def repeat() -> R | PortOneError:
            try:
                return await self._client.call(call)
            except KcpQuickNotFoundError:
                return deleted
            except ApiError as error:
                if is_open(error):
                    raise
                return error

        return await settle_outcome(send, repeat, seconds=seconds)


def _check(name: str, value: str) -> Callable[[ResponseRecord], str | None]:
    def check(answer: ResponseRecord) -> str | None:
        return None if getattr(answer, name) == value else f"PortOne answered with another {name}"

    return check


def _repetition_refused(call: Call[Any], refusal: ApiError) -> OutcomeUnknownError:
    """Return the error for a lost answer whose repetition was refused."""
    error = OutcomeUnknownError(
        "its answer was lost, and its repetition was refused: the first request may have done it",
        evidence=(f"sent again: {refusal.reason}",),
    )
    return about(call, error)
