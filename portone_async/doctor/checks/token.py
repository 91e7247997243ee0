"""Checks of the token, and of the header that carries it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from portone_async.doctor import probes
from portone_async.doctor.check import Check, Result, agrees, differs, failed, unknown
from portone_async.doctor.evidence import Evidence, TokenAnswer
from portone_async.doctor.text import mark as _

from . import reasons

__all__ = ("EXTENSION", "TOKEN")

_LIFETIME = 1800
_LAST_MINUTE = 60
_EXTENSION = 300
_TOLERANCE = 2  # seconds: times are whole seconds


def _lifetime(evidence: Evidence) -> Result:
    left = evidence.recorder.tokens[0].left
    return (agrees if 0 < left <= _LIFETIME else differs)(seconds_left=round(left))


def _refused(evidence: Evidence) -> Result:
    good = evidence.exchanges[probes.FIND_UNKNOWN.name][0]
    if good.status in (401, 403):
        # Both tokens are refused, perhaps for the address: this is not about the token.
        return failed(reasons.REFUSED_WITH_TOKEN, status=good.status)
    exchange = evidence.exchanges[probes.REFUSED_TOKEN.name][0]
    is_renewed = exchange.first_status == 401 and exchange.status != 401
    return (agrees if is_renewed else differs)(status=exchange.first_status)


def _reuse(evidence: Evidence) -> Result:
    pairs = [pair for pair in _pairs(evidence.recorder.tokens) if not _is_in_last_minute(pair)]
    if not pairs:
        return unknown(reasons.ONE_TOKEN)
    is_same = all(a.token == b.token and a.expired_at == b.expired_at for a, b in pairs)
    return (agrees if is_same else differs)(
        same_token=all(a.token == b.token for a, b in pairs),
        same_end=all(a.expired_at == b.expired_at for a, b in pairs),
    )


def _extension(evidence: Evidence) -> Result:
    pairs = [pair for pair in _pairs(evidence.recorder.tokens) if _is_in_last_minute(pair)]
    if not pairs:
        return unknown(reasons.NOT_WAITED)
    a, b = pairs[0]
    moved = b.expired_at - a.expired_at
    is_extended = a.token == b.token and abs(moved - _EXTENSION) <= _TOLERANCE
    return (agrees if is_extended else differs)(
        same_token=a.token == b.token, extended_by_seconds=round(moved)
    )


def _pairs(tokens: Sequence[TokenAnswer]) -> list[tuple[TokenAnswer, TokenAnswer]]:
    return [*pairwise(tokens)]


def _is_in_last_minute(pair: tuple[TokenAnswer, TokenAnswer]) -> bool:
    """Return whether the second token was fetched in the last minute of the first one."""
    first, second = pair
    return first.expired_at - second.now < _LAST_MINUTE


def _header(evidence: Evidence) -> Result:
    bearer = evidence.first(probes.FIND_UNKNOWN.name)
    bare = evidence.first(probes.BARE_TOKEN.name)
    if bearer is None or bare is None:
        return failed(reasons.NOT_SENT)
    if bearer.first_status == 403:
        return failed(reasons.REFUSED_WITH_TOKEN, status=403)
    is_accepted = bearer.first_status != 401
    return (agrees if is_accepted else differs)(
        bearer_accepted=is_accepted, plain_accepted=bare.first_status != 401
    )


TOKEN = (
    Check(
        "token-lifetime",
        _("A token ends at most 30 minutes after it is issued, on PortOne's own clock."),
        _("The client follows the end that PortOne sends, so nothing breaks. Please report it."),
        (probes.FIND_UNKNOWN,),
        _lifetime,
    ),
    Check(
        "token-header",
        _("PortOne accepts 'Authorization: Bearer' with the token."),
        _("Every call fails with UnauthorizedError: please report it."),
        (probes.FIND_UNKNOWN, probes.BARE_TOKEN),
        _header,
        judges_refusals=True,
    ),
    Check(
        "token-refused",
        _("PortOne answers a token that is not valid with HTTP 401."),
        _("The client does not renew a token that ended early: please report the status."),
        (probes.FIND_UNKNOWN, probes.REFUSED_TOKEN),
        _refused,
        judges_refusals=True,
    ),
    Check(
        "token-reuse",
        _("A second fetch returns the same token with the same end."),
        _(
            "If it is another token, processes that share the keys may end each other's token: "
            "each then gets a 401 and fetches a new one, again and again."
        ),
        (probes.REFUSED_TOKEN,),
        _reuse,
    ),
)

# Last of all requests, since it may have to wait for half an hour.
EXTENSION = (
    Check(
        "token-extension",
        _("A fetch in the last minute of a token returns the same token, five minutes longer."),
        _("The client renews tokens by what PortOne returns, so nothing breaks. Please report it."),
        (probes.REFUSED_TOKEN, probes.WAITED),
        _extension,
    ),
)
