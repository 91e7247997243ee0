"""Planted secrets in the arguments of any method, and every text in which one could leak."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from msgspec import Struct

import portone_async

from .canaries import pickled_texts, reachable_texts, renderings, spellings

__all__ = ("PUBLIC", "leaked", "planted", "secret_of", "texts_of")

PUBLIC = frozenset({
    # Identifiers
    "bank_code", "bank_standard_code", "btid", "card_code", "card_standard_code", "channel_group_id", "channel_key", "code", "corp_reg_no",
    "customer_id", "customer_uid", "customer_uids", "imp_uid", "imp_uids", "key", "member_id",
    "merchant_uid", "merchant_uids", "pg", "product_order_id", "promotion_id", "reward_id",
    "site_code", "tier_code", "partner_type", "partner_subtype", "vbank_code", "refund_bank",
    "id", "tag", "invoice", "company", "tracking_number", "carrier_tracking_id", "carrier_type",
    # Words and kinds
    "cash_receipt_type", "currency", "delivery_company", "delivery_method", "identifier_type",
    "product_type", "requester", "review_type", "schedule_status", "sorting", "status", "type", "vender_type",
    "verification_method", "prepaid_auth_yn", "carrier", "pay_method", "refundable",
    "naverUseCfm", "receiving_at",
    # The goods, and the shop itself
    "company_name", "confirm_url", "name", "notice_url",
    # Money as text
    "amount", "tax_free", "vat_amount", "checksum", "extra_charge", "prepaid_amount",
})  # fmt: skip
"""Text parameters that may be printed. Any other one is secret, or about a person."""

_PACKAGE = str(Path(portone_async.__file__).parent)


PERSONAL = ("receiver.name", "request_otp.name", "sender.name")
"""Parameters that are about a person although others of the name are not."""


def is_public(path: str) -> bool:
    """Return whether a parameter may be printed, by its path, as in ``escrow.register.logis.id``."""
    if path.startswith("naver.") and path.endswith(".reason"):
        return True  # One of a list of words.
    return path.rpartition(".")[2] in PUBLIC and not path.endswith(PERSONAL)


def planted(value: Any, path: str) -> Any:
    """Return an argument with another text in place of each one that is not public."""
    if isinstance(value, str):
        return value if is_public(path) else secret_of(path.rpartition(".")[2])
    if isinstance(value, Struct):
        fields = value.__struct_fields__
        members = {name: planted(getattr(value, name), f"{path}.{name}") for name in fields}
        return type(value)(**members)
    parts: Any = value
    if isinstance(value, Mapping):
        return {name: planted(part, f"{path}.{name}") for name, part in parts.items()}
    if isinstance(value, list | tuple):
        return [planted(part, path) for part in parts]
    return value


def secret_of(name: str) -> str:
    """Return a secret for a parameter."""
    return "9999-8888-7777-1234" if name == "card_number" else f"planted-{name}-심어둔"


def texts_of(value: Any, path: str = "") -> Iterator[str]:
    """Yield the planted secrets in an argument."""
    # Not narrowed by its type: to pyright a dict of any values is one of unknown types.
    parts: Any = value
    if isinstance(value, Struct):
        parts = {name: getattr(value, name) for name in value.__struct_fields__}
    if isinstance(value, str):
        yield from () if is_public(path) else (value,)
    elif isinstance(value, Mapping | Struct):
        for name, part in parts.items():
            yield from texts_of(part, f"{path}.{name}")
    elif isinstance(value, list | tuple):
        for part in parts:
            yield from texts_of(part, path)


def leaked(secrets: Iterable[str], error: BaseException, *texts: str) -> set[str]:
    """Return the secrets that can be read in an error, in the frames of this package, or in a text.

    Args:
        secrets: What was planted.
        error: The error, with its traceback, which is removed.
        texts: Other texts, such as the log.
    """
    everything = [*_own_frames(error), *texts]
    for each in _chain(error):
        each.with_traceback(None)
    everything += [*renderings(error), repr(vars(error)), *reachable_texts(error)]
    everything += pickled_texts(error)
    return {
        secret
        for secret in secrets
        for spelling in {*spellings(secret), secret.replace("-", "")}
        if any(spelling in text for text in everything)
    }


def _own_frames(error: BaseException) -> Iterator[str]:
    """Yield the local variables of the frames of this package, as error trackers print them."""
    for each in _chain(error):
        captured = traceback.TracebackException.from_exception(each, capture_locals=True)
        for frame in captured.stack:
            if frame.filename.startswith(_PACKAGE):
                where = f"{frame.filename}:{frame.lineno} {frame.name}"
                yield from (f"{where} {name}={text}" for name, text in (frame.locals or {}).items())


def _chain(error: BaseException) -> list[BaseException]:
    """List an error, its causes and contexts, and the members of groups."""
    found: list[BaseException] = []
    pending: list[BaseException | None] = [error]
    while pending:
        each = pending.pop()
        if each is not None and each not in found:
            found.append(each)
            pending += [each.__cause__, each.__context__]
            pending += getattr(each, "exceptions", ())
    return found
