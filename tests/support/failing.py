"""A client for which one operation fails, and look-ups before and after it are answered."""

from __future__ import annotations

import asyncio
import copy
import re
from collections.abc import Mapping
from typing import Any

from portone_async import PortOneClient, RetryPolicy
from portone_async._http.reply import Reply
from portone_async._http.transport import Transport

from .sample_bodies import SAMPLES
from .samples import CARD_PAID, NOT_FOUND, body, ok
from .scripted import Outcome, token_reply

__all__ = ("PAYMENT", "FailingTransport", "failing_client")

PAYMENT: dict[str, Any] = CARD_PAID | {"amount": 50_000, "cancel_amount": 0}
"""The payment that look-ups by ``imp_uid`` return."""

_OTHERS: Mapping[str, tuple[str, dict[str, Any]]] = {
    "customer_uid": ("/subscribe/customers", {"inserted": 1, "updated": 1}),
    "merchant_uid": (
        "/subscribe/payments/schedule",
        SAMPLES["schedule_single_failed"].body["response"],
    ),
}
"""Other objects, by their identifiers: where they are read, and their fields."""


class FailingTransport(Transport):
    """Exchanges without a socket: one operation has a scripted outcome.

    Look-ups: the payment and the billing key exist, the schedule has failed, no order number has a
    payment, nothing else exists.
    """

    def __init__(self, endpoint: str, outcome: Outcome) -> None:
        method, _, route = endpoint.partition(" ")
        optional = route.replace("/{payment_status}", "(/[^/?]+)?")
        self._failing = re.compile(rf"{method} {re.sub('{[^}]*}', '[^/?]+', optional)}([?].*)?")
        self._outcome = outcome
        self.is_closed = False
        self.sent: list[tuple[str, str, bytes | None]] = []
        """Method, target and body of each exchange but that of the token."""
        self.failures = 0
        """How often the operation was sent."""

    @property
    def is_here(self) -> bool:
        return True

    def open(self, loop: asyncio.AbstractEventLoop) -> None: ...

    async def close(self) -> None:
        self.is_closed = True

    async def send(
        self, method: str, target: str, *, body: bytes | None, headers: Mapping[str, str], **_: Any
    ) -> Outcome:
        if target == "/users/getToken":
            return token_reply("token")
        self.sent.append((method, target, body))
        # A copy: the call adds its history to the error.
        return copy.copy(self._answer(f"{method} {target}"))

    def _answer(self, request: str) -> Outcome:
        if self._failing.fullmatch(request):
            self.failures += 1
            return self._outcome
        if re.fullmatch(r"GET /payments/[^/]+/naver/product-orders", request):
            return Reply(200, {}, ok([]))
        if re.fullmatch(r"GET /payments/imp[^/]*", request):
            return Reply(200, {}, ok(PAYMENT))
        for kind, (route, record) in _OTHERS.items():
            if found := re.fullmatch(rf"GET {route}/([^/?]+)", request):
                return Reply(200, {}, ok(record | {kind: found[1]}))
        return Reply(404, {}, body(NOT_FOUND))


def failing_client(endpoint: str, outcome: Outcome) -> tuple[PortOneClient, FailingTransport]:
    """Return a client for which an operation has this outcome each time."""
    transport = FailingTransport(endpoint, outcome)

    class FailingClient(PortOneClient):
        def _make_transport(self, *_: object, **__: object) -> Transport:
            return transport

    retry = RetryPolicy(attempts=2, backoff_initial=0.0, backoff_max=0.0)
    return FailingClient("key", "secret", retry=retry, rate_limit=None), transport
