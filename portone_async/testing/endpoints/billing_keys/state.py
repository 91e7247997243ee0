"""The billing keys of an account."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import count
from typing import Any

import msgspec

from portone_async.models import Payment
from portone_async.models.billing_keys import BillingKey, FailedChannel, SucceededChannel
from portone_async.testing.account import Account
from portone_async.testing.guard import guarded
from portone_async.testing.record import blank, encode

__all__ = ("DECLINED", "BillingKeys", "digits_of")

DECLINED = "[3095]한도초과"
"""The usual reason of a failed charge: over the limit of the card."""
_INVALID_CARD = "[F112]유효하지않은 카드번호를 입력하셨습니다. (card_bin 없음)"
_SUPER_ONLY = ("channelGroupId", "succeededChannels", "failedChannels")
_CARD = ("card_code", "card_name", "card_number", "card_type", "pg_id", "pg_provider")
_SPELLINGS = {field.name: field.encode_name for field in msgspec.structs.fields(BillingKey)}


class BillingKeys:
    """``server.billing_keys``: the keys that the fake PortOne knows.

    Which charges fail is decided here as well, for every way to charge a key.
    """

    def __init__(self, account: Account) -> None:
        self._clock = account.clock
        self._keys: dict[str, dict[str, Any]] = {}
        """Objects as PortOne sends them, by ``customer_uid``."""
        self._groups: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {}
        self._rejected_cards: dict[str, str] = {}
        self._declined: dict[str, tuple[str, int | None]] = {}
        self._serials = count(1)

    def __len__(self) -> int:
        return len(self._keys)

    @guarded
    def add(self, key: BillingKey | None = None, /, **fields: Any) -> BillingKey:
        """Add a key, or replace the one of its name, and return it as the client decodes it.

        The defaults are a live key for a credit card, issued now, with a new ``customer_uid``.

        Args:
            key: A model whose fields are copied, except those at their default.
            fields: Override those of ``key``, in the model's types or in PortOne's own (Unix
                seconds). ``msgspec.UNSET`` omits a field.
        """
        given = {} if key is None else _changed(key)
        explicit = encode(
            BillingKey, {_SPELLINGS.get(name, name): v for name, v in (given | fields).items()}
        )
        record = {"customer_uid": f"member-{next(self._serials)}-card-1"} | explicit
        now = int(self._clock.now)
        is_super = any(explicit.get(name) for name in _SUPER_ONLY)
        if is_super:
            record = _super_blank() | record
        else:
            inserted = record.get("inserted", now)
            defaults = self.card_fields(None) | {"inserted": inserted, "updated": inserted}
            record = _plain_blank() | defaults | record
        self._keys[record["customer_uid"]] = record
        return msgspec.convert(self.body(record["customer_uid"]), BillingKey, strict=False)

    @guarded
    def remove(self, customer_uid: str) -> None:
        """Delete a key: look-ups then report it missing.

        Raises:
            KeyError: There is no such key.
        """
        del self._keys[customer_uid]

    def __contains__(self, customer_uid: object) -> bool:
        return customer_uid in self._keys

    @guarded
    def body(self, customer_uid: str) -> dict[str, Any]:
        """Return the JSON object of a key.

        Raises:
            KeyError: There is no such key.
        """
        record = self._keys[customer_uid]
        return {name: value for name, value in record.items() if value is not msgspec.UNSET}

    # Refusals

    @guarded
    def reject_card(self, card_number: str, message: str = _INVALID_CARD) -> None:
        """Let the PG refuse to issue a key for a card from now on."""
        self._rejected_cards[digits_of(card_number)] = message

    def card_rejection(self, card_number: str) -> str | None:
        """Return the PG's reason to refuse a card; ``None`` if it accepts it."""
        digits = digits_of(card_number)
        if not 14 <= len(digits) <= 16:
            return _INVALID_CARD
        return self._rejected_cards.get(digits)

    @guarded
    def decline(
        self, customer_uid: str, reason: str = DECLINED, *, times: int | None = None
    ) -> None:
        """Let charges of a key fail from now on.

        Args:
            customer_uid: The key, which need not exist yet.
            reason: The ``fail_reason`` of the payments.
            times: How many charges fail; ``None`` for all until :meth:`accept`.
        """
        self._declined[customer_uid] = (reason, times)

    @guarded
    def accept(self, customer_uid: str) -> None:
        """Let charges of a key succeed again."""
        self._declined.pop(customer_uid, None)

    @guarded
    def take_decline(self, customer_uid: str) -> str | None:
        """Return why a charge of a key fails now, and count it; ``None`` if it succeeds."""
        reason, left = self._declined.get(customer_uid, (None, None))
        if left is not None and reason is not None:
            if left > 1:
                self._declined[customer_uid] = (reason, left - 1)
            else:
                del self._declined[customer_uid]
        return reason

    # Issuing

    @guarded
    def add_group(
        self, channel_group_id: str, *channels: str, failing: Mapping[str, str] | None = None
    ) -> None:
        """Set up a smart routing group, in which super billing keys are issued.

        Args:
            channel_group_id: Its id.
            channels: Channels that issue a key, each as ``provider.MID``.
            failing: Channels that refuse every card, each with the PG's reason.
        """
        self._groups[channel_group_id] = (channels, dict(failing or {}))

    def has_group(self, channel_group_id: str) -> bool:
        return channel_group_id in self._groups

    @guarded
    def issue(self, customer_uid: str, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Store a key for the card in a request, in place of an earlier one, and return it."""
        replaced = self._keys.get(customer_uid)
        now = int(self._clock.now)
        group = fields.get("channel_group_id")
        customer = {name: value for name, value in fields.items() if name.startswith("customer_")}
        card = self.card_fields(fields.get("card_number"), fields.get("pg"))
        if group is not None:
            record = _super_blank() | customer | self._channels(group, card, now)
        else:
            # PortOne leaves `inserted` as it was when it replaces a key: nothing else shows it.
            first = now if replaced is None else replaced.get("inserted") or now
            times = {"inserted": first, "updated": now}
            record = _plain_blank() | card | customer | times
        self._keys[customer_uid] = record | {"customer_uid": customer_uid}
        return self.body(customer_uid)

    def _channels(self, group: str, card: Mapping[str, Any], now: int) -> dict[str, Any]:
        succeeding, failing = self._groups[group]
        times = {"inserted": now, "updated": now}
        return {
            "channelGroupId": group,
            "succeededChannels": [
                {**blank(SucceededChannel), **card, **_channel(name), **times}
                for name in succeeding
            ],
            "failedChannels": [
                {**blank(FailedChannel), **_channel(name), "type": "PG_PROVIDER", "message": reason}
                for name, reason in failing.items()
            ],
        }

    @guarded
    def card_fields(self, card_number: str | None, pg: str | None = None) -> dict[str, Any]:
        """Return the fields of a key or a payment that describe a card. The card is invented."""
        digits = digits_of(card_number or "1234560000007890")
        provider, _, mid = (pg or "nice.nictest04m").partition(".")
        return {
            "card_code": "366",
            "card_name": "신한카드",
            "card_number": f"{digits[:6]}******{digits[-4:]}",
            "card_type": 0,
            "pg_id": mid or f"{provider}-test",
            "pg_provider": provider,
        }

    @guarded
    def payment_fields(self, customer_uid: str) -> dict[str, Any]:
        """Return the fields of a payment that a charge of this key makes.

        A super billing key is charged in its first channel.

        Raises:
            KeyError: There is no such key.
        """
        key = self._keys[customer_uid]
        channels: list[dict[str, Any]] = key.get("succeededChannels", [])
        source = channels[0] if channels else key
        buyer = {
            name.replace("customer_", "buyer_"): value
            for name, value in key.items()
            if name.startswith("customer_")
            and name.replace("customer_", "buyer_") in blank(Payment)
        }
        return {
            "pay_method": "card",
            "channel": "api",
            "customer_uid": customer_uid,
            **{name: source.get(name) for name in _CARD},
            **buyer,
        }


def digits_of(card_number: str) -> str:
    return "".join(filter(str.isdigit, card_number))


def _channel(name: str) -> dict[str, str]:
    provider, _, mid = name.partition(".")
    return {"pg_provider": provider, "pg_id": mid}


def _plain_blank() -> dict[str, Any]:
    whole = dict(blank(BillingKey))
    return {name: value for name, value in whole.items() if name not in _SUPER_ONLY}


def _super_blank() -> dict[str, Any]:
    names = (*_SUPER_ONLY, *(n for n in blank(BillingKey) if n.startswith("customer_")))
    return {name: blank(BillingKey)[name] for name in names}


def _changed(key: BillingKey) -> dict[str, Any]:
    """Return the fields of a model that are not at their defaults."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(key)}
    return {
        name: value
        for name, value in msgspec.structs.asdict(key).items()
        if value != defaults[name] and name != "unreadable"
    }
