"""The words that Naver Pay documents, and the validation of the product orders to act on. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import Enum
from typing import Any, Final, Literal, TypeAlias, get_args

from portone_async.call import validate_identifier
from portone_async.errors import InvalidRequestError

__all__ = (
    "ALL",
    "CANCEL_REASONS",
    "RETURN_REASONS",
    "WITHHOLD_REASONS",
    "CancelReason",
    "Courier",
    "Every",
    "ProductOrderIds",
    "ReturnReason",
    "ShippingMethod",
    "WithholdReason",
    "reason_parameter",
    "validate_delivery",
    "validate_ids",
)


class Every(Enum):
    """The type of :data:`ALL`."""

    ALL = "ALL"

    def __repr__(self) -> str:
        return "ALL"


ALL: Final = Every.ALL
"""Every product order of a payment."""

ProductOrderIds: TypeAlias = Sequence[str] | Every

CancelReason: TypeAlias = Literal[
    "PRODUCT_UNSATISFIED",
    "SOLD_OUT",
    "DELAYED_DELIVERY",
    "INTENT_CHANGED",
    "COLOR_AND_SIZE",
    "WRONG_ORDER",
    "INCORRECT_INFO",
]
ReturnReason: TypeAlias = Literal[
    "INTENT_CHANGED",
    "COLOR_AND_SIZE",
    "WRONG_ORDER",
    "PRODUCT_UNSATISFIED",
    "DELAYED_DELIVERY",
    "SOLD_OUT",
    "DROPPED_DELIVERY",
    "BROKEN",
    "INCORRECT_INFO",
    "WRONG_DELIVERY",
    "WRONG_OPTION",
]
# Naver spells EXTRAFEEE with three E.
WithholdReason: TypeAlias = Literal[
    "ETC",
    "RETURN_DELIVERYFEE",
    "EXTRAFEEE",
    "RETURN_DELIVERYFEE_AND_EXTRAFEEE",
    "RETURN_PRODUCT_NOT_DELIVERED",
]
ShippingMethod: TypeAlias = Literal[
    "DELIVERY",
    "GDFW_ISSUE_SVC",
    "VISIT_RECEIPT",
    "DIRECT_DELIVERY",
    "QUICK_SVC",
    "NOTHING",
]
Courier: TypeAlias = Literal[
    "CJGLS",
    "KGB",
    "DONGBU",
    "EPOST",
    "REGISTPOST",
    "HANJIN",
    "HYUNDAI",
    "KGBLS",
    "INNOGIS",
    "DAESIN",
    "ILYANG",
    "KDEXP",
    "CHUNIL",
    "CH1",
    "HDEXP",
    "CVSNET",
    "DHL",
    "FEDEX",
    "GSMNTON",
    "WARPEX",
    "WIZWA",
    "EMS",
    "DHLDE",
    "ACIEXPRESS",
    "EZUSA",
    "PANTOS",
    "UPS",
    "HLCGLOBAL",
    "KOREXG",
    "TNT",
    "SWGEXP",
    "DAEWOON",
    "USPS",
    "IPARCEL",
    "KUNYOUNG",
    "HPL",
    "DADREAM",
    "SLX",
    "SFEXPRESS",
    "HONAM",
]

CANCEL_REASONS: tuple[str, ...] = get_args(CancelReason)
RETURN_REASONS: tuple[str, ...] = get_args(ReturnReason)
WITHHOLD_REASONS: tuple[str, ...] = get_args(WithholdReason)


def reason_parameter(reason: str | None, known: Sequence[str]) -> dict[str, str]:
    """Return a reason as a parameter. Where there is none, ``extra_body`` may have it.

    Raises:
        InvalidRequestError: It is not one of the documented reasons.
    """
    if reason is None:
        return {}
    if reason not in known:
        raise InvalidRequestError(
            f"reason must be one of {', '.join(known)}: PortOne replaces any other without notice. "
            "A newer one can be sent by extra_body"
        )
    return {"reason": reason}


def validate_ids(ids: object) -> list[str] | None:
    """Return the product orders to act on, each once; ``None`` for all.

    Raises:
        InvalidRequestError: It is neither a list of ids nor ``ALL``, or an empty list, which
            PortOne may take for all.
    """
    if ids is ALL:
        return None
    if not isinstance(ids, (list, tuple, set, frozenset)) or not ids:
        raise InvalidRequestError(
            "product_order_id must be ALL (in portone_async.resources.naver) or a list of ids, "
            "and not empty"
        )
    for uid in ids:  # pyright: ignore[reportUnknownVariableType] (it is validated)
        validate_identifier("product_order_id", uid)  # pyright: ignore[reportUnknownArgumentType] (the same)
    return [*dict.fromkeys(ids)]  # pyright: ignore[reportUnknownArgumentType] (the same)


def validate_delivery(body: Mapping[str, Any], method: str) -> None:
    """Reject a parcel without its courier or its number.

    Raises:
        InvalidRequestError: The delivery method is ``method``, which needs both.
    """
    needed = ("delivery_company", "tracking_number")
    if body.get("delivery_method") == method and not all(body.get(name) for name in needed):
        raise InvalidRequestError(f"{method} needs delivery_company and tracking_number")
