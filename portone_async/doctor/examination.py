"""Send the requests of the checks, and judge the answers."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import Any

from portone_async.call import Call
from portone_async.errors import PortOneError
from portone_async.resources._windows import utc_now

from . import probes
from .anonymous import anonymous
from .check import Check, Probe, Result, failed
from .checks import CHECKS, reasons
from .evidence import Evidence, Exchange
from .read_only import ReadOnlyClient

__all__ = ("Examination",)

_MOST_UNANSWERED = 3
"""Calls in a row without an answer, after which no more are sent."""
_EARLY = 30.0
"""Seconds before the end of a token at which its extension is requested."""
_LONGEST_WAIT = 1800.0
"""Seconds, the life of a token: whatever end PortOne sends."""


class Examination:
    """The checks of one account.

    Args:
        client: A client that only reads.
        checks: The checks to make.
        wait_for_extension: Whether to wait, for up to half an hour, until the token is in its last
            minute.
        sleep: Waits for seconds.
    """

    def __init__(
        self,
        client: ReadOnlyClient,
        checks: Iterable[Check] = CHECKS,
        *,
        wait_for_extension: bool = False,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._client = client
        self._checks = tuple(checks)
        self._waits = wait_for_extension
        self._sleep = sleep
        self._unanswered = 0
        self.evidence = Evidence(
            client.transport.recorder,
            utc_now(),
            is_tls=client.is_tls,
            has_proxy=client.has_proxy,
            has_unused_proxy=not client.has_proxy and _has_environment_proxy(),
        )

    @property
    def has_token(self) -> bool:
        """Whether PortOne has issued a token."""
        return bool(self.evidence.recorder.tokens)

    async def results(self) -> AsyncGenerator[tuple[Check, Result]]:
        """Make the checks one after another, and yield each with its result.

        A check that cannot be done does not stop the others.
        """
        for check in self._checks:
            yield check, anonymous(await self._result(check))

    async def _result(self, check: Check) -> Result:
        try:
            for probe in check.probes:
                await self._send(probe)
            return self._judged(check)
        except Exception as error:  # noqa: BLE001 (a mistake in one check must not stop the others)
            return failed(reasons.BROKEN_CHECK, error=type(error).__name__)

    async def _send(self, probe: Probe) -> None:
        """Make the calls of a probe, unless they were made, or are not answered anyway."""
        evidence = self.evidence
        if probe.name in evidence.exchanges or not self._may_send(probe):
            return
        evidence.exchanges[probe.name] = ()
        if probe is probes.WAITED:
            await self._wait_for_last_minute()
        for call in [*probe.calls(evidence)][: probe.most]:
            self._client.transport.authorization = probe.authorization
            exchange = await self._exchange(call)
            self._client.transport.authorization = None
            evidence.exchanges[probe.name] += (exchange,)
            self._unanswered = self._unanswered + 1 if not exchange.received else 0

    def _may_send(self, probe: Probe) -> bool:
        if probe is probes.WAITED and not self._waits:
            return False
        is_first = not self.evidence.exchanges
        return is_first or (self.has_token and self._unanswered < _MOST_UNANSWERED)

    async def _wait_for_last_minute(self) -> None:
        token = self.evidence.recorder.tokens[-1]
        passed = utc_now().timestamp() - token.received.at
        await self._sleep(max(0.0, min(token.left - passed - _EARLY, _LONGEST_WAIT)))

    async def _exchange(self, call: Call[Any]) -> Exchange:
        received = self.evidence.recorder.received
        before = len(received)
        answer, problem = None, None
        try:
            answer = await self._client.call(call)
        except PortOneError as error:
            problem = error
        replies = tuple(reply for reply in received[before:] if not reply.is_of_token)
        return Exchange(call, replies, problem, answer)

    def _judged(self, check: Check) -> Result:
        return self._obstacle(check) or check.judge(self.evidence)

    def _obstacle(self, check: Check) -> Result | None:
        """Return why a check cannot be judged; ``None`` if it can."""
        if check.judges_failures:
            return None
        if not self.has_token:
            return failed(reasons.NOT_SENT)
        for probe in check.probes:
            if probe.name not in self.evidence.exchanges and probe is not probes.WAITED:
                return failed(reasons.NO_ANSWER)
            for exchange in self.evidence.exchanges.get(probe.name, ()):
                if exchange.is_broken:
                    return failed(reasons.NO_ANSWER, error=type(exchange.error).__name__)
                if self._is_refused(check, probe, exchange):
                    return failed(
                        reasons.REFUSED,
                        status=exchange.status,
                        error=type(exchange.error).__name__,
                    )
        return None

    @staticmethod
    def _is_refused(check: Check, probe: Probe, exchange: Exchange) -> bool:
        """Return whether PortOne refused a request that must succeed for the check."""
        if exchange.status in (401, 403):
            return not check.judges_refusals
        return probe.must_succeed and exchange.error is not None


def _has_environment_proxy() -> bool:
    return any(map(os.environ.get, ("HTTPS_PROXY", "https_proxy")))
