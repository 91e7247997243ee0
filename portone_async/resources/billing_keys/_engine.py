"""Issue and delete keys, and look up their outcomes where the answer was lost."""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from portone_async.call import Call, Caller, validate_identifier
from portone_async.errors import OutcomeUnknownError, PortOneError, UnexpectedResponseError
from portone_async.models._unreadable import unreadable_error
from portone_async.models.billing_keys import BillingKey
from portone_async.resources._about import about
from portone_async.resources._request import has_slash
from portone_async.resources._settle import settle

from ._calls import BillingKeyNotFoundError, get_call, listed_call
from ._compare import is_issued_since, is_same_key, may_be_of_card
from ._many import group_of

__all__ = ("delete", "find", "get", "issue")


async def get(client: Caller, customer_uid: str) -> BillingKey:
    """Read a key; one whose name has a slash by the list, whose names are in the query."""
    validate_identifier("customer_uid", customer_uid)
    if not has_slash(customer_uid):
        return await client.call(get_call(customer_uid))
    call = listed_call([customer_uid])
    group = group_of(customer_uid, await client.call(call))
    if group.key is not None:
        return group.key
    if group.unreadable:
        raise about(call, unreadable_error(group.unreadable))
    # "Missing" is a 404 here. A 207 may also mean that the key pair has no right to read it.
    raise about(call, UnexpectedResponseError("PortOne did not list this billing key"))


async def find(client: Caller, customer_uid: str) -> BillingKey | None:
    """Read a key; ``None`` if there is none."""
    try:
        return await get(client, customer_uid)
    except BillingKeyNotFoundError:
        return None


class _Issue(Struct, frozen=True):
    client: Caller
    call: Call[BillingKey]
    customer_uid: str
    before: BillingKey | None
    card_number: str

    def __repr__(self) -> str:
        return f"_Issue({self.customer_uid!r})"

    async def send(self) -> BillingKey:
        return await self.client.call(self.call)

    async def look(self) -> BillingKey | PortOneError | None:
        key = await find(self.client, self.customer_uid)
        if key is None or not is_issued_since(key, self.before):
            return None
        # Of another card: another call has issued it, and nothing tells what this one did.
        return key if may_be_of_card(key, self.card_number) else None


async def issue(
    client: Caller,
    call: Call[BillingKey],
    *,
    customer_uid: str,
    before: BillingKey | None,
    card_number: str,
    seconds: float,
) -> BillingKey:
    """Issue a key once. A repetition would leave another key at the PG, so it is not sent again."""
    issuing = _Issue(client, call, customer_uid, before, card_number)
    return await settle(issuing.send, issuing.look, seconds=seconds, secrets=call.secrets)


async def delete(
    client: Caller, call: Call[BillingKey], before: BillingKey, *, seconds: float
) -> BillingKey:
    """Delete a key that was read before.

    It is sent again only while that very key is there: a late repetition would delete a key that
    was issued under the name meanwhile.
    """

    async def send() -> BillingKey:
        return await client.call(call)

    async def look() -> BillingKey | PortOneError | None:
        key = await find(client, before.customer_uid)
        if key is None or _is_new(key, before):
            return before
        return None if is_same_key(key, before) else _replaced(call)

    return await settle(send, look, seconds=seconds, resend=True)


def _is_new(key: BillingKey, before: BillingKey) -> bool:
    """Return whether the key before is gone: a replaced one keeps the time of its first issue."""
    times = key.inserted, before.inserted
    return None not in times and times[0] != times[1]


def _replaced(call: Call[Any]) -> OutcomeUnknownError:
    return about(
        call,
        OutcomeUnknownError(
            "whether the deletion was carried out is unknown: its answer was lost, and the key was "
            "replaced meanwhile"
        ),
    )
