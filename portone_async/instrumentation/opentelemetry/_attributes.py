"""The attributes of spans and metrics: of OpenTelemetry's conventions for HTTP, and this package's.

Source: https://opentelemetry.io/docs/specs/semconv/http/. The names stand here because the package
that has them as constants, ``opentelemetry-semantic-conventions``, belongs to the SDK.
"""

from __future__ import annotations

import re
from typing import Final

from portone_async.instrumentation import CallInfo

__all__ = (
    "ADDRESS",
    "ERROR_TYPE",
    "METHOD",
    "PAUSE",
    "PORT",
    "RESEND_COUNT",
    "RESPONSE_CODE",
    "RETRY_WAIT",
    "SCHEMA_URL",
    "STATUS_CODE",
    "TEMPLATE",
    "THROTTLE_WAIT",
    "TOKEN_WAIT",
    "Attributes",
    "error_type",
    "is_template",
    "operation_of",
    "server_of",
)

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.30.0"
"""The version of the conventions."""

METHOD: Final = "http.request.method"
TEMPLATE: Final = "url.template"
ADDRESS: Final = "server.address"
PORT: Final = "server.port"
STATUS_CODE: Final = "http.response.status_code"
RESEND_COUNT: Final = "http.request.resend_count"
ERROR_TYPE: Final = "error.type"

RESPONSE_CODE: Final = "portone.response.code"
THROTTLE_WAIT: Final = "portone.throttle.wait"
TOKEN_WAIT: Final = "portone.token.wait"  # noqa: S105 (a name)
RETRY_WAIT: Final = "portone.retry.wait"
PAUSE: Final = "portone.pause"

Attributes = dict[str, str | int | float]

_NAMES = re.compile(r"\{\w+\}")
_DIGIT = re.compile(r"\d")


def operation_of(call: CallInfo) -> Attributes:
    """Return the method of a call, and its template if the route is one."""
    template = {TEMPLATE: call.route} if is_template(call.route) else {}
    return {METHOD: call.method, **template}


def server_of(call: CallInfo) -> Attributes:
    """Return the server that a call is for."""
    return {ADDRESS: call.host, PORT: call.port}


def is_template(route: str) -> bool:
    """Return whether a route is free of values, as far as that can be seen.

    The route of a caller's own ``Call`` may contain a value in place of a name. Most values have a
    digit, and no route of PortOne's has one.
    """
    return _DIGIT.search(_NAMES.sub("", route)) is None


def error_type(error: BaseException) -> str:
    """Return the name of an error's class, as in ``Attempt.error``."""
    return type(error).__qualname__
