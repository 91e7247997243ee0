"""Checks of the connection: keys, addresses, TLS, proxy, clock, latency and rate headers."""

from __future__ import annotations

import re
from email.utils import parsedate_to_datetime
from statistics import median

from portone_async.doctor import probes
from portone_async.doctor.check import Check, Result, agrees, differs, failed, unknown
from portone_async.doctor.evidence import Evidence, TokenAnswer
from portone_async.doctor.text import mark as _
from portone_async.errors import (
    AuthenticationError,
    CertificateError,
    PortOneError,
    ProxyError,
    UnauthorizedError,
)

from . import reasons

__all__ = ("AT_THE_END", "CONNECTION")

_KEYS_MESSAGE = "인증에 실패하였습니다"
_LARGEST_SKEW = 5.0  # seconds
_SLOW = 10.0  # seconds
_RATE_HEADER = re.compile(r"\brate|quota|retry-after|throttl", re.IGNORECASE)


def _no_token(evidence: Evidence) -> PortOneError | None:
    first = evidence.first(probes.FIND_UNKNOWN.name)
    return None if evidence.recorder.tokens or first is None else first.error


def _keys(evidence: Evidence) -> Result:
    error = _no_token(evidence)
    match error:
        case None if evidence.recorder.tokens:
            return agrees()
        case AuthenticationError():
            return failed(reasons.KEYS_REFUSED, **_refusal(error))
        case ProxyError():
            return failed(reasons.PROXY_REFUSED)
        case CertificateError():
            return failed(reasons.CERTIFICATE)
        case _:
            return failed(reasons.NO_CONNECTION, error=type(error).__name__)


def _refusal(error: AuthenticationError) -> dict[str, int | bool]:
    return {
        "status": error.status or 0,
        "code": error.code or 0,
        "names_the_keys": _KEYS_MESSAGE in (error.message or ""),
    }


def _ip_allow_list(evidence: Evidence) -> Result:
    first = evidence.first(probes.FIND_UNKNOWN.name)
    error = None if first is None else first.error
    if isinstance(error, AuthenticationError):
        facts = _refusal(error)
        if facts["names_the_keys"]:
            return unknown(reasons.KEYS_REFUSED, **facts)
        return (agrees if error.status in (401, 403) else differs)(**facts)
    if first is None or not first.received:
        return unknown(reasons.NO_CONNECTION)
    if isinstance(error, UnauthorizedError) or first.status in (401, 403):
        return differs(status=first.status, has_token=True)
    return unknown(reasons.ACCEPTED)


def _tls(evidence: Evidence) -> Result:
    recorder = evidence.recorder
    if not evidence.is_tls:
        return unknown(reasons.PLAIN_HTTP)
    if isinstance(_no_token(evidence), CertificateError):
        return failed(reasons.CERTIFICATE)
    if not recorder.tls_versions:
        return failed(reasons.NO_CONNECTION)
    is_known = recorder.tls_versions <= {"TLSv1.2", "TLSv1.3"}
    return (agrees if is_known else differs)(
        versions=sorted(recorder.tls_versions), certificate_days=recorder.certificate_days or 0
    )


def _proxy(evidence: Evidence) -> Result:
    if not evidence.has_proxy:
        return unknown(reasons.UNUSED_PROXY if evidence.has_unused_proxy else reasons.NO_PROXY)
    if isinstance(_no_token(evidence), ProxyError):
        return failed(reasons.PROXY_REFUSED)
    return agrees() if evidence.recorder.received else failed(reasons.NO_CONNECTION)


def _clock(evidence: Evidence) -> Result:
    token = evidence.recorder.tokens[0]
    # `now` is cut to whole seconds; the reply was made between the request and its arrival.
    local = token.received.at - token.received.seconds / 2
    skew = local - (token.now + 0.5)
    facts = {"local_clock_ahead_seconds": round(skew)}
    if (date := _date(token)) is not None:
        facts["date_header_ahead_seconds"] = round(date - token.now)
    is_equal = abs(skew) <= _LARGEST_SKEW + token.received.seconds / 2
    return (agrees if is_equal else differs)(**facts)


def _date(token: TokenAnswer) -> float | None:
    try:
        return parsedate_to_datetime(token.received.header("Date")).timestamp()
    except ValueError:
        return None


def _latency(evidence: Evidence) -> Result:
    seconds = [received.seconds for received in evidence.recorder.received]
    if not seconds:
        return failed(reasons.NO_CONNECTION)
    return (agrees if max(seconds) <= _SLOW else differs)(
        median_ms=round(median(seconds) * 1000),
        max_ms=round(max(seconds) * 1000),
        replies=len(seconds),
        connections=len(evidence.recorder.connections),
    )


def _rate_headers(evidence: Evidence) -> Result:
    received = evidence.recorder.received
    if not received:
        return failed(reasons.NO_CONNECTION)
    names = {
        name.lower() for r in received for name in r.reply.headers if _RATE_HEADER.search(name)
    }
    refused = sum(r.reply.status == 429 for r in received)
    if not names and not refused:
        return agrees()
    return differs(headers=sorted(names), refused=refused)


CONNECTION = (
    Check(
        "keys",
        _("PortOne accepts the key pair and issues a token."),
        _("Nothing works without a token."),
        (probes.FIND_UNKNOWN,),
        _keys,
        judges_failures=True,
    ),
    Check(
        "ip-allow-list",
        _(
            "From an address that is not on the console's IP allow-list, PortOne refuses the token "
            "with HTTP 401 or 403."
        ),
        _(
            "The client may report a refused address as another error than AuthenticationError: "
            "look at the status above."
        ),
        (probes.FIND_UNKNOWN,),
        _ip_allow_list,
        judges_failures=True,
    ),
    Check(
        "tls",
        _("PortOne speaks TLS 1.2 or 1.3, and this machine trusts its certificate."),
        _("The connection is older than PortOne documents: look for a proxy that opens TLS."),
        (probes.FIND_UNKNOWN,),
        _tls,
        judges_failures=True,
        is_measurement=True,
    ),
    Check(
        "proxy",
        _("The proxy lets the client connect to PortOne."),
        _("Requests do not reach PortOne."),
        (probes.FIND_UNKNOWN,),
        _proxy,
        judges_failures=True,
    ),
    Check(
        "clock",
        _("This machine's clock agrees with PortOne's within 5 seconds."),
        _(
            "Tokens do not depend on the local clock, but periods that end now do: synchronize it, "
            "or lists miss the newest payments."
        ),
        (probes.FIND_UNKNOWN,),
        _clock,
        is_measurement=True,
    ),
)

AT_THE_END = (
    Check(
        "latency",
        _("PortOne answers within 10 seconds."),
        _(
            "An attempt may exceed Timeouts.attempt (30 seconds): allow more, and call less at once."
        ),
        (),
        _latency,
        judges_failures=True,
        is_measurement=True,
    ),
    Check(
        "rate-headers",
        _("PortOne sends no header about a rate limit, and no HTTP 429."),
        _(
            "There is a limit that PortOne does not publish. A 429 is retried and slows the client "
            "down; the other headers are ignored: set RateLimit accordingly."
        ),
        (),
        _rate_headers,
        judges_failures=True,
    ),
)
