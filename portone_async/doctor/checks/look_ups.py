"""Checks of look-ups: what is not found, several at once, and order numbers with a slash."""

from __future__ import annotations

from portone_async.doctor import probes
from portone_async.doctor.check import Check, Probe, Result, agrees, differs, unknown
from portone_async.doctor.evidence import Evidence, Exchange
from portone_async.doctor.text import mark as _
from portone_async.errors import PaymentNotFoundError

from . import reasons

__all__ = ("LOOK_UPS",)


def _quoted_slash(evidence: Evidence) -> Result:
    exchange = evidence.exchanges[probes.QUOTED_SLASH.name][0]
    reaches = bool(exchange.envelope)
    return (differs if reaches else agrees)(status=exchange.status, is_envelope=reaches)


def _not_found(evidence: Evidence) -> Result:
    names = (probes.FIND_UNKNOWN, probes.LIST_UNKNOWN, probes.GET_UNKNOWN)
    exchanges = [evidence.exchanges[probe.name][0] for probe in names]
    is_known = all(map(_is_payment_not_found, exchanges))
    return (agrees if is_known else differs)(**_shapes(exchanges))


def _batch_not_found(evidence: Evidence) -> Result:
    exchange = evidence.exchanges[probes.BATCH_UNKNOWN.name][0]
    is_known = _is_payment_not_found(exchange)
    return (agrees if is_known else differs)(**_shapes([exchange]))


def _is_payment_not_found(exchange: Exchange) -> bool:
    return exchange.status == 404 and isinstance(exchange.error, PaymentNotFoundError)


def _shapes(exchanges: list[Exchange]) -> dict[str, list[str] | int]:
    return {
        "status": max(exchange.status for exchange in exchanges),
        "code": max(_code(exchange) for exchange in exchanges),
        "errors": sorted({type(exchange.error).__name__ for exchange in exchanges}),
    }


def _code(exchange: Exchange) -> int:
    code = exchange.envelope.get("code")
    return code if isinstance(code, int) else 0


def _batch_partial(evidence: Evidence) -> Result:
    exchange = evidence.first(probes.BATCH_PARTIAL.name)
    if exchange is None:
        return unknown(reasons.NO_PAYMENTS)
    known = evidence.sample[0].get("imp_uid")
    is_listed = [payment.get("imp_uid") for payment in exchange.records] == [known]
    is_answered = (exchange.status, _code(exchange)) == (207, 0)
    is_known = is_answered and exchange.error is None and is_listed
    return (agrees if is_known else differs)(
        status=exchange.status,
        code=_code(exchange),
        has_message=exchange.envelope.get("message") is not None,
        lists_the_known_one=is_listed,
    )


def _batch_lists_all(evidence: Evidence) -> Result:
    batch = evidence.first(probes.BATCH_OF_ORDERS.name)
    if batch is None:
        return unknown(reasons.NO_REPEATED)
    listed = {payment.get("imp_uid") for payment in batch.records}
    orders = evidence.exchanges.get(probes.ORDERS.name, ())
    existing = {payment.get("imp_uid") for order in orders for payment in order.records}
    started = [payment.get("started_at") for payment in batch.records]
    return (agrees if existing <= listed else differs)(
        orders=len(orders),
        existing=len(existing),
        missing=len(existing - listed),
        newest_first=started == sorted(started, key=lambda at: at or 0, reverse=True),
    )


def _batch_size(evidence: Evidence) -> Result:
    return _is_envelope_404(evidence, (probes.FULL_BATCH,))


def _billing_key_batch_size(evidence: Evidence) -> Result:
    return _is_envelope_404(evidence, (probes.FULL_BATCH_OF_KEYS,))


def _code_not_found(evidence: Evidence) -> Result:
    return _is_envelope_404(evidence, (probes.UNKNOWN_BANK, probes.UNKNOWN_CARD))


def _tier_not_found(evidence: Evidence) -> Result:
    if evidence.exchanges[probes.UNKNOWN_TIER.name][0].status in (401, 403):
        return unknown(reasons.NO_AGENCY)
    return _is_envelope_404(evidence, (probes.UNKNOWN_TIER,))


def _is_envelope_404(evidence: Evidence, probes_: tuple[Probe, ...]) -> Result:
    exchanges = [evidence.exchanges[probe.name][0] for probe in probes_]
    is_known = all(e.status == 404 and _code(e) != 0 for e in exchanges)
    return (agrees if is_known else differs)(
        status=max(e.status for e in exchanges), code=max(map(_code, exchanges))
    )


def _billing_key_batch(evidence: Evidence) -> Result:
    exchange = evidence.first(probes.BILLING_KEYS.name)
    if exchange is None or exchange.status == 404:
        return unknown(reasons.NO_BILLING_KEY)
    is_known = exchange.status == 207 and len(exchange.records) == 1
    return (agrees if is_known else differs)(
        status=exchange.status,
        code=_code(exchange),
        has_message=exchange.envelope.get("message") is not None,
        listed=len(exchange.records),
    )


LOOK_UPS = (
    Check(
        "quoted-slash",
        _("A path with a quoted slash (%2F) does not reach the API."),
        _(
            "Order numbers with a slash could be looked up in a path. The client looks them up in a "
            "batch, which stays right: please report it."
        ),
        (probes.QUOTED_SLASH,),
        _quoted_slash,
        judges_refusals=True,  # A gateway may answer 403.
    ),
    Check(
        "not-found",
        _("PortOne answers a look-up of an unknown payment with HTTP 404 and its own message."),
        _(
            "The client does not recognize a missing payment: it raises UnexpectedResponseError or "
            "ApiError instead of PaymentNotFoundError, and never reports it as missing."
        ),
        (probes.FIND_UNKNOWN, probes.LIST_UNKNOWN, probes.GET_UNKNOWN),
        _not_found,
    ),
    Check(
        "batch-not-found",
        _("PortOne answers a batch of unknown order numbers with HTTP 404 and its own message."),
        _("get_many() fails for a batch of which PortOne has no order: please report it."),
        (probes.BATCH_UNKNOWN,),
        _batch_not_found,
    ),
    Check(
        "batch-size",
        _("PortOne accepts a batch of 100 order numbers in a request line of over 7,000 bytes."),
        _("get_many() and reconcile with confirm='batch' fail for full batches: please report it."),
        (probes.FULL_BATCH,),
        _batch_size,
    ),
    Check(
        "batch-partial",
        _(
            "PortOne answers a batch of a known and an unknown id with HTTP 207, code 0 and the "
            "known payment."
        ),
        _("get_many() may fail or leave payments out: confirm with find_all(), and report it."),
        (probes.RECENT, probes.BATCH_PARTIAL),
        _batch_partial,
    ),
    Check(
        "batch-lists-all",
        _("A batch lists every payment of an order number."),
        _(
            "get_many(), look-ups of order numbers with a slash, and reconcile with confirm='batch' "
            "see only some payments of an order: confirm with find_all(), and confirm='single'."
        ),
        (probes.RECENT, probes.BATCH_OF_ORDERS, probes.ORDERS),
        _batch_lists_all,
    ),
    Check(
        "billing-key-batch",
        _(
            "PortOne answers a batch of a known and an unknown billing key with HTTP 207 and the "
            "known one."
        ),
        _("billing_keys.get_many() may fail or leave keys out: look keys up one by one."),
        (probes.RECENT, probes.BILLING_KEYS),
        _billing_key_batch,
    ),
    Check(
        "billing-key-batch-size",
        _("PortOne accepts a batch of 100 billing keys in a request line of over 7,000 bytes."),
        _("billing_keys.get_many() fails for full batches: pass it fewer keys at once."),
        (probes.FULL_BATCH_OF_KEYS,),
        _billing_key_batch_size,
    ),
    Check(
        "code-not-found",
        _("PortOne answers an unknown bank or card code with HTTP 404 and its envelope."),
        _("codes.bank() and codes.card() raise another error than CodeNotFoundError."),
        (probes.UNKNOWN_BANK, probes.UNKNOWN_CARD),
        _code_not_found,
    ),
    Check(
        "tier-not-found",
        _("PortOne answers an unknown Tier code with HTTP 404 and its envelope."),
        _("account.tier() raises another error than TierNotFoundError."),
        (probes.UNKNOWN_TIER,),
        _tier_not_found,
        judges_refusals=True,
    ),
)
