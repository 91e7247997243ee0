"""``client.billing_keys``: stored cards that are charged without a payment window.

API: https://developers.portone.io/api/rest-v1/nonAuthPayment.subscribe.customer
"""

from __future__ import annotations

from collections.abc import AsyncIterable, Iterable, Mapping
from datetime import datetime
from typing import Any

from portone_async.call import Caller
from portone_async.errors import PortOneError
from portone_async.models import Payment
from portone_async.models.billing_keys import BillingKey, BillingKeyGroup
from portone_async.models.payments import PaymentPage
from portone_async.models.schedules import Schedule, ScheduleStatusLike
from portone_async.resources._confidential import confidential
from portone_async.resources._pages import NumberedPages, Pages
from portone_async.resources._request import json_body, path_value
from portone_async.resources._settle import validate_settle
from portone_async.resources._stream import Stream

from . import _engine
from ._calls import BillingKeyNotFoundError, delete_call, issue_call, payments_call
from ._many import get_groups

__all__ = (
    "BillingKeyExistsError",
    "BillingKeyNotFoundError",
    "BillingKeys",
    "ChannelsFailedError",
)


class _KeyError(PortOneError):
    def __init__(self, reason: str = "", *, key: BillingKey | None = None, **response: Any) -> None:
        super().__init__(reason, **response)
        self.key = key
        """The key. It has personal data, also in a pickle of this error; its ``repr`` has none."""


class BillingKeyExistsError(_KeyError):
    """There is a billing key of this name (``key``) already. Nothing was sent."""

    advice = "Issue it under another customer_uid, or without only_new=True to replace the key."


class ChannelsFailedError(_KeyError):
    """No channel of the smart routing group issued a key: ``key.failed_channels`` has the reasons."""

    advice = "The super billing key cannot be charged. Issue it again with another card."


class BillingKeys:
    """The operations of ``/subscribe/customers``.

    A billing key stands for one card or other instrument of a buyer. Its name, ``customer_uid``,
    is the shop's own.
    """

    def __init__(self, client: Caller) -> None:
        self._client = client

    @confidential()
    async def issue(
        self,
        customer_uid: str,
        *,
        card_number: str,
        expiry: str,
        birth: str | None = None,
        pwd_2digit: str | None = None,
        cvc: str | None = None,
        channel_key: str | None = None,
        pg: str | None = None,
        customer_id: str | None = None,
        customer_name: str | None = None,
        customer_tel: str | None = None,
        customer_email: str | None = None,
        customer_addr: str | None = None,
        customer_postcode: str | None = None,
        channel_group_id: str | None = None,
        only_new: bool = False,
        extra_body: Mapping[str, Any] | None = None,
        settle: float = 90,
    ) -> BillingKey:
        """Issue a billing key for a card, and store it.

        **If there is a key of this name, PortOne replaces it and reports no error**, and the PG
        still has the old one. ``only_new=True`` refuses that. Either way the name is looked up
        first, so that a lost answer can be settled; a key that another process issues between the
        two requests is replaced all the same, and :attr:`BillingKey.was_replaced` of the result
        shows it. One client issues one key of a name at a time.

        The request is never sent twice, since that would leave another key at the PG.

        Args:
            customer_uid: The shop's name for the key, one per card; without a slash.
            card_number: 14 to 16 digits, with or without hyphens.
            expiry: ``YYYY-MM``.
            birth: ``YYMMDD``, or the 10 digits of the business that has the card; ``ksnet`` requires
                it.
            pwd_2digit: The first two digits of the card's password; ``ksnet`` requires them.
            cvc: 3 or 4 digits, for ``paymentwall``, which requires them.
            channel_key: The console's channel. The document requires it since 2026-05; whether
                PortOne does is not documented, and only a registration would show it.
            pg: The PG, as ``provider`` or ``provider.MID``: the older way. PortOne uses the default
                one, and reports no error, if it does not know it.
            customer_id: The shop's name for the buyer; ``tosspayments`` requires it.
            customer_name: The card's holder; ``welcome`` requires it.
            customer_tel: The holder's phone number.
            customer_email: The holder's e-mail address.
            customer_addr: The holder's address.
            customer_postcode: The holder's postcode.
            channel_group_id: The smart routing group: issue a super billing key, which has a key in
                each of its channels. Those that refused are in :attr:`BillingKey.failed_channels`.
            only_new: Refuse to replace a key.
            extra_body: Parameters that this package does not know.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            BillingKeyExistsError: ``only_new`` is set, and there is one; nothing was sent.
            ChannelsFailedError: Each channel of the group refused the card.
            OutcomeUnknownError: Whether the key was issued is unknown. Look it up before you send
                the card again.
            InvalidRequestError: An argument can never be right; nothing was sent.
            ApiError: PortOne or the PG refused the card: ``message`` has the reason.
            PortOneError: Any other failure: no key was issued.

        Source: ``POST /subscribe/customers/{customer_uid}``.
        """
        name, seconds = path_value("customer_uid", customer_uid), validate_settle(settle)
        body = json_body(
            extra_body,
            card_number=card_number,
            expiry=expiry,
            birth=birth,
            pwd_2digit=pwd_2digit,
            cvc=cvc,
            channel_key=channel_key,
            pg=pg,
            customer_id=customer_id,
            customer_name=customer_name,
            customer_tel=customer_tel,
            customer_email=customer_email,
            customer_addr=customer_addr,
            customer_postcode=customer_postcode,
            channel_group_id=channel_group_id,
        )
        call = issue_call(name, body)
        call.payload()  # Refused here, before the look-up.
        async with self._client.exclusive(f"billing key {name}"):
            before = await _engine.find(self._client, name)
            if only_new and before is not None:
                raise _about(name, BillingKeyExistsError("there is a key already", key=before))
            key = await _engine.issue(
                self._client,
                call,
                customer_uid=name,
                before=before,
                card_number=card_number,
                seconds=seconds,
            )
        if key.failed_channels and not key.succeeded_channels:
            raise _about(name, ChannelsFailedError("no channel of the group has a key", key=key))
        return key

    async def get(self, customer_uid: str) -> BillingKey:
        """Read a billing key. A buyer may change the card behind a key in a wallet's app.

        Args:
            customer_uid: The shop's name for the key, any text: one with a slash is read by
                ``GET /subscribe/customers``.

        Raises:
            BillingKeyNotFoundError: PortOne reports that there is none.
            InvalidRequestError: The name cannot be looked up; nothing was sent.
            PortOneError: Any other failure: whether there is one is unknown.

        Source: ``GET /subscribe/customers/{customer_uid}``.
        """
        return await _engine.get(self._client, customer_uid)

    def get_many(
        self, customer_uids: Iterable[str] | AsyncIterable[str]
    ) -> Stream[BillingKeyGroup]:
        """Read many billing keys, a hundred per request, in the order of the names.

        ```python
        async with client.billing_keys.get_many(names) as stream:
            async for group in stream:
                print(group.customer_uid, group.is_missing)
        ```

        PortOne does not say which keys are missing (``doctor``: ``billing-key-batch``), nor whether
        a key that it does not list is missing or of another shop: confirm a missing one by
        :meth:`get`.

        Args:
            customer_uids: Any number of names, with slashes as well.

        Raises:
            InvalidRequestError: ``customer_uids`` is one text; or, during iteration, a name can
                never be looked up.
            PortOneError: During iteration: any error of a call.

        Source: ``GET /subscribe/customers?customer_uid[]=...``.
        """
        return get_groups(self._client, customer_uids)

    @confidential("reason")
    async def delete(
        self,
        customer_uid: str,
        *,
        reason: str | None = None,
        requester: str | None = None,
        settle: float = 90,
    ) -> BillingKey:
        """Delete a billing key, and return what it was. It cannot be restored.

        Its schedules stay booked, and their charges fail: cancel them first by
        ``schedules.cancel_all()``. The key is read first, and the deletion sent again only while that
        very key is there. Keys of ``kcp_quick`` are deleted by ``kcp_quick.delete_billing_key()``.

        Args:
            customer_uid: The shop's name for the key; without a slash.
            reason: Why, for ``naverpay`` and the easy-pay keys of ``nice_v2``.
            requester: Who, for ``naverpay``; PortOne's default is ``admin``.
            settle: Seconds to look it up after a lost answer; 0 for one look-up.

        Raises:
            BillingKeyNotFoundError: PortOne reports that there is none.
            OutcomeUnknownError: Whether it was deleted is unknown. It is safe to call this again.
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: Any other failure: it was not deleted.

        Source: ``DELETE /subscribe/customers/{customer_uid}``.
        """
        name, seconds = path_value("customer_uid", customer_uid), validate_settle(settle)
        call = delete_call(name, {"reason": reason, "extra[requester]": requester})
        call.target()  # Refused here, before the look-up.
        async with self._client.exclusive(f"billing key {name}"):
            before = await _engine.get(self._client, name)
            return await _engine.delete(self._client, call, before, seconds=seconds)

    def payments(self, customer_uid: str) -> Pages[Payment]:
        """Iterate over the payments that were made with a key, page by page.

        Args:
            customer_uid: The shop's name for the key; without a slash.

        Raises:
            InvalidRequestError: The name cannot be part of a path; nothing was sent.
            BillingKeyNotFoundError: During iteration: PortOne reports that there is no such key.
            PortOneError: During iteration: any error of a call.

        Source: ``GET /subscribe/customers/{customer_uid}/payments``, in pages of 20.
        """
        name = path_value("customer_uid", customer_uid)

        async def read_page(number: int) -> PaymentPage:
            return await self._client.call(payments_call(name, number))

        return Pages([NumberedPages(read_page, key=lambda payment: payment.imp_uid)])

    def schedules(
        self,
        customer_uid: str,
        *,
        since: datetime,
        until: datetime,
        schedule_status: ScheduleStatusLike | None = None,
    ) -> Pages[Schedule]:
        """Iterate over the schedules of a key, as ``schedules.for_customer()`` does.

        Args:
            customer_uid: The shop's name for the key; without a slash.
            since: The start, with a time zone, by ``schedule_at``.
            until: The end, not included. Periods of more than three months are split.
            schedule_status: Only ``scheduled``, ``executed`` or ``revoked`` ones.

        Raises:
            InvalidRequestError: An argument can never be right; nothing was sent.
            PortOneError: During iteration: any error of a call.

        Source: ``GET /subscribe/customers/{customer_uid}/schedules``.
        """
        from portone_async.resources.schedules._lists import of_key  # noqa: PLC0415 (rarely used)

        name = path_value("customer_uid", customer_uid)
        route = "/subscribe/customers/{customer_uid}/schedules"
        return of_key(self._client, route, name, since=since, until=until, status=schedule_status)


def _about(customer_uid: str, error: _KeyError) -> _KeyError:
    error.identifiers = {"customer_uid": customer_uid}
    return error
