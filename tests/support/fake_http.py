"""Requests to the fake server without the client."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import aiohttp
from yarl import URL

from portone_async.testing import FakePortOne


async def fetch(
    server: FakePortOne, target: str, method: str = "GET", **options: Any
) -> tuple[int, str]:
    """Send a request with a valid token and return the status and the body."""
    headers = {"Authorization": server.issue_token()}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.request(method, URL(server.url + target, encoded=True), **options) as reply,
    ):
        return reply.status, await reply.text()


async def fetch_json(server: FakePortOne, target: str, **options: Any) -> tuple[int, Any]:
    """Send a request with a valid token and return the status and the decoded body."""
    status, text = await fetch(server, target, **options)
    return status, json.loads(text, parse_float=Decimal)
