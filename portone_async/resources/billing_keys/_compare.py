"""Recognize a billing key that was issued, or deleted, while the answer was lost. Pure.

A key has no id but its name, which PortOne lets a later key take over. So keys are
compared by their times and by the digits of the card that are not masked.
"""

from __future__ import annotations

import re
from datetime import datetime

from portone_async.models.billing_keys import BillingKey

__all__ = ("is_issued_since", "is_same_key", "may_be_of_card")


def is_issued_since(key: BillingKey, before: BillingKey | None) -> bool:
    """Return whether a key was issued after another one of its name was read.

    Times are whole seconds, so a key that was replaced in the second of its own issue is not
    recognized.
    """
    if before is None:
        return True
    then, now = _updated(before), _updated(key)
    if then is not None and now is not None:
        return now > then
    return _cards(key) != _cards(before)


def is_same_key(key: BillingKey, other: BillingKey) -> bool:
    """Return whether both are one key, read twice."""
    return (key.inserted, _updated(key), _cards(key)) == (
        other.inserted,
        _updated(other),
        _cards(other),
    )


def may_be_of_card(key: BillingKey, card_number: str) -> bool:
    """Return whether a key can be of this card, by the digits that it shows."""
    cards = [card for card in _cards(key) if card]
    return not cards or any(_shows(card, card_number) for card in cards)


def _shows(masked: str, card_number: str) -> bool:
    digits = re.sub(r"\D", "", card_number)
    shown = re.sub(r"[\s-]", "", masked)
    head, tail = re.match(r"\d*", shown), re.search(r"\d*$", shown)
    assert head is not None
    assert tail is not None
    return digits.startswith(head[0]) and digits.endswith(tail[0])


def _updated(key: BillingKey) -> datetime | None:
    times = [key.updated, *(channel.updated for channel in key.succeeded_channels)]
    return max((time for time in times if time is not None), default=None)


def _cards(key: BillingKey) -> list[str | None]:
    return [key.card_number, *(channel.card_number for channel in key.succeeded_channels)]
