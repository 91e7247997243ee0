"""Why a check could not be judged."""

from __future__ import annotations

from portone_async.doctor.text import mark as _

__all__ = (
    "ACCEPTED",
    "BROKEN_CHECK",
    "CERTIFICATE",
    "KEYS_REFUSED",
    "NOT_SENT",
    "NOT_WAITED",
    "NO_AGENCY",
    "NO_ANSWER",
    "NO_BARCODE",
    "NO_BILLING_KEY",
    "NO_CONNECTION",
    "NO_NAVER",
    "NO_PAYMENTS",
    "NO_PREPARED",
    "NO_PROXY",
    "NO_REPEATED",
    "NO_SCHEDULES",
    "NO_TEST_PAYMENT",
    "ONE_TOKEN",
    "PLAIN_HTTP",
    "PROXY_REFUSED",
    "REFUSED",
    "REFUSED_WITH_TOKEN",
    "UNUSED_PROXY",
)

ACCEPTED = _(
    "this address is accepted, so no refusal was seen: run doctor from an address that is not on "
    "the list"
)
NO_PAYMENTS = _("the account has no such payment of the last 89 days")
NO_REPEATED = _("no order number of the newest payments has several payments")
NO_TEST_PAYMENT = _("none of the newest payments is of a test channel")
NO_PREPARED = _("none of the newest payments has a promotion and a prepared amount")
NO_AGENCY = _("the keys are not those of an agency with sub-merchants")
NO_SCHEDULES = _("PortOne lists no schedules of this account")
NO_BARCODE = _("none of the newest payments is of a convenience store")
NO_BILLING_KEY = _("none of the newest payments has a billing key that still exists")
NO_NAVER = _("the account has no Naver Pay channel that lists reviews")
NOT_WAITED = _(
    "the token did not reach its last minute: --wait-for-extension waits for that, up to half an "
    "hour"
)
ONE_TOKEN = _("the token was fetched only once")
PLAIN_HTTP = _("the address of the API is plain http, as of a test server")
NO_PROXY = _("no proxy is used")
UNUSED_PROXY = _("no proxy is used, although HTTPS_PROXY is set: --proxy env uses it")
KEYS_REFUSED = _(
    "PortOne refused the keys: check PORTONE_IMP_KEY and PORTONE_IMP_SECRET (V1 REST API, not V2), "
    "and the IP allow-list in the console"
)
CERTIFICATE = _(
    "the certificate is not that of PortOne: check the address, a proxy that opens TLS, the "
    "machine's clock and its CA certificates"
)
PROXY_REFUSED = _("the proxy refused to connect: check its user name, its password and its rules")
NO_CONNECTION = _(
    "there is no connection to PortOne: check the network, the firewall and the proxy"
)
NO_ANSWER = _("PortOne did not answer a request of this check")
REFUSED = _("PortOne refused a request of this check")
REFUSED_WITH_TOKEN = _(
    "PortOne refuses calls with a token that it has just issued: perhaps this address is not on the "
    "IP allow-list in the console"
)
NOT_SENT = _("not sent: PortOne is not reached, or issues no token")
BROKEN_CHECK = _("the check itself failed: please report it")
