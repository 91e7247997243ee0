"""``client.certifications``: identity checks.

API: https://developers.portone.io/api/rest-v1/certification
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from portone_async.call import Call, Caller, Failure, Repeat
from portone_async.errors import ApiError, NotFoundError, PortOneError
from portone_async.models.certifications import Certification, OtpRequest

from ._confidential import confidential, secrets_in
from ._request import json_body, path_value
from ._settle import send_once, settle, validate_settle

__all__ = ("CertificationNotFoundError", "Certifications")


class CertificationNotFoundError(NotFoundError):
    """PortOne reports that there is no such identity check for this key pair."""

    advice = "It may have been deleted, or belong to another shop's key pair."


class Certifications:
    """The operations of ``/certifications``.

    PortOne has a record from the start of a check on. Only :attr:`Certification.certified` tells
    that the person was identified; that a call succeeds does not.
    """

    def __init__(self, client: Caller) -> None:
        self._client = client

    async def get(self, imp_uid: str) -> Certification:
        """Return the result of an identity check.

        Args:
            imp_uid: PortOne's id of the check.

        Raises:
            CertificationNotFoundError: PortOne reports that there is none.
            InvalidRequestError: The id cannot be part of a path; nothing was sent.
            PortOneError: The call failed; the result is unknown.

        Source: ``GET /certifications/{imp_uid}``.
        """
        return await self._client.call(_call("GET", imp_uid))

    async def delete(self, imp_uid: str, *, settle: float = 90) -> Certification | None:
        """Erase the result of an identity check at PortOne.

        After a lost answer it is looked up, and deleted again if it is still there.

        Args:
            imp_uid: PortOne's id of the check.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Returns:
            The deleted result; ``None`` if its answer was lost and a look-up found it deleted.

        Raises:
            CertificationNotFoundError: PortOne reports that there is none.
            OutcomeUnknownError: Its answer was lost, and no look-up was definite.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: The call failed.

        Source: ``DELETE /certifications/{imp_uid}``.
        """
        return await _delete(self._client, imp_uid, validate_settle(settle))

    @confidential("name")
    async def request_otp(
        self,
        *,
        name: str,
        phone: str,
        birth: str,
        gender_digit: str,
        carrier: Literal["SKT", "KT", "LGT"] | str,
        channel_key: str,
        is_mvno: bool | None = None,
        company: str | None = None,
        merchant_uid: str | None = None,
        pg: str | None = None,
        verification_method: Literal["SMS", "APP"] | str | None = None,
        bypass: str | None = None,
        extra_body: Mapping[str, Any] | None = None,
    ) -> OtpRequest:
        """Start an identity check: PortOne sends an SMS, which costs money.

        It is for shops that the carriers approved, with danal and kcp_v2. The client never
        sends it again: each request sends an SMS.

        Args:
            name: The person's name.
            phone: The phone number; PortOne ignores anything but digits.
            birth: ``YYMMDD``.
            gender_digit: The seventh digit of the resident registration number: 1 to 4, or 5 to 8
                for a foreigner.
            carrier: ``SKT``, ``KT`` or ``LGT``.
            channel_key: The channel of the check, as ``client.account.pg_settings()`` lists it.
            is_mvno: Whether it is a budget carrier on that network; PortOne's default is ``False``.
            company: The service's name in the SMS.
            merchant_uid: The shop's own number of the check.
            pg: The older way to choose the PG, as in ``danal.A010002002``.
            verification_method: ``SMS`` or ``APP``; only for kcp_v2.
            bypass: JSON text that PortOne passes to the PG; only for kcp_v2.
            extra_body: Parameters that this package does not know.

        Raises:
            OutcomeUnknownError: The answer was lost. An SMS may have been sent, but its
                ``imp_uid`` is unknown.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: The call failed, as for data that no carrier knows.

        Source: ``POST /certifications/otp/request``.
        """
        body = json_body(
            extra_body,
            name=name,
            phone=phone,
            birth=birth,
            gender_digit=gender_digit,
            carrier=carrier,
            channel_key=channel_key,
            is_mvno=is_mvno,
            company=company,
            merchant_uid=merchant_uid,
            pg=pg,
            verification_method=verification_method,
            bypass=bypass,
        )
        call = Call(
            "POST",
            "/certifications/otp/request",
            OtpRequest,
            body=body,
            secrets=secrets_in(body, "name"),
            repeat=Repeat.UNSAFE,
        )
        return await send_once(lambda: self._client.call(call))

    @confidential()
    async def confirm_otp(
        self,
        imp_uid: str,
        *,
        otp: str | None = None,
        extra_body: Mapping[str, Any] | None = None,
        settle: float = 90,
    ) -> Certification:
        """Finish an identity check with the code of the SMS.

        If PortOne refuses it, or its answer is lost, the result is looked up: a check that is
        certified already is returned.

        Args:
            imp_uid: The id that :meth:`request_otp` returned.
            otp: The six digits; ``None`` after a check by app.
            extra_body: Parameters that this package does not know.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            CertificationNotFoundError: PortOne reports that there is no such request.
            OutcomeUnknownError: Its answer was lost, and no look-up was definite.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: The call failed. What PortOne answers to a wrong code is not documented,
                and ``doctor`` cannot check it.

        Source: ``POST /certifications/otp/confirm/{imp_uid}``.
        """
        body = json_body(extra_body, otp=otp)
        call = _call(
            "POST", imp_uid, "/certifications/otp/confirm/{imp_uid}", body, secrets_in(body)
        )
        return await _confirm(self._client, call, imp_uid, validate_settle(settle))


def _call(
    method: str,
    imp_uid: str,
    route: str = "/certifications/{imp_uid}",
    body: Any = None,
    secrets: frozenset[str] = frozenset(),
) -> Call[Certification]:
    path = {"imp_uid": path_value("imp_uid", imp_uid)}

    def check(answer: Certification) -> str | None:
        return None if answer.imp_uid == imp_uid else "PortOne answered with another certification"

    return Call(
        method,
        route,
        Certification,
        path=path,
        body=body,
        identifiers=path,
        check=check,
        classify=_classify,
        repeat=Repeat.READ if method == "GET" else Repeat.GUARDED,
        secrets=secrets,
    )


def _classify(failure: Failure) -> type[CertificationNotFoundError] | None:
    return CertificationNotFoundError if failure.status == 404 else None


async def _delete(client: Caller, imp_uid: str, seconds: float) -> Certification | None:
    call, get = _call("DELETE", imp_uid), _call("GET", imp_uid)

    async def send() -> tuple[Certification, ...]:
        return (await client.call(call),)

    async def look() -> tuple[Certification, ...] | None:
        try:
            await client.call(get)
        except CertificationNotFoundError:
            return ()
        return None

    return next(iter(await settle(send, look, seconds=seconds, resend=True)), None)


async def _confirm(
    client: Caller, call: Call[Certification], imp_uid: str, seconds: float
) -> Certification:
    get = _call("GET", imp_uid)

    async def look() -> Certification | PortOneError | None:
        try:
            certification = await client.call(get)
        except CertificationNotFoundError as error:
            return error
        return certification if certification.certified else None

    async def send() -> Certification:
        try:
            return await client.call(call)
        except ApiError as error:
            if error.status != 400:
                raise
            refusal = error
        certification = await look()
        if isinstance(certification, Certification):
            return certification
        raise refusal

    return await settle(send, look, seconds=seconds, resend=True)
