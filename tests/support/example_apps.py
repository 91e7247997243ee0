"""The web apps of the examples, served, and a visitor of one of them."""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest
from aiohttp.test_utils import TestServer

from . import canaries
from .examples import fastapi_served

__all__ = ("BUYER", "FORM", "JSON", "SERVED", "App", "aiohttp_served")

JSON, FORM = "application/json", "application/x-www-form-urlencoded"
BUYER = {**canaries.BUYER, "name": "심어둔 운동화", "vbank_num": "110-222-333333"}


@asynccontextmanager
async def aiohttp_served(example: Any) -> AsyncGenerator[str, None]:
    async with TestServer(example.create_app()) as server:
        yield str(server.make_url("")).rstrip("/")


Served = Callable[[Any], AbstractAsyncContextManager[str]]
SERVED: dict[str, Served] = {"fastapi_app": fastapi_served, "aiohttp_app": aiohttp_served}


class App:
    """One of the two apps, running, and a visitor of it."""

    def __init__(self, example: Any, url: str, visitor: httpx.AsyncClient) -> None:
        self.example = example
        self.url = url
        self._visitor = visitor

    async def get(self, target: str) -> httpx.Response:
        return await self._visitor.get(self.url + target)

    async def hook(self, fields: dict[str, Any], kind: str = JSON) -> httpx.Response:
        body = urlencode(fields) if kind == FORM else json.dumps(fields)
        return await self.post(body.encode(), kind)

    async def post(self, body: bytes, kind: str = JSON) -> httpx.Response:
        target = f"{self.url}/webhooks/portone"
        return await self._visitor.post(target, content=body, headers={"Content-Type": kind})

    def sell(self, merchant_uid: str, price: int) -> Any:
        """Add an order to the shop."""
        order = self.example.Order(Decimal(price))
        self.example.ORDERS[merchant_uid] = order
        return order

    def events(self, caplog: pytest.LogCaptureFixture, word: str) -> int:
        """Return how often the app has logged a word."""
        return sum(
            record.name == self.example.__name__ and word in record.getMessage()
            for record in caplog.records
        )
