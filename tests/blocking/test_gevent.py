"""The blocking client beside gevent, of which these tests have a stand-in."""

from __future__ import annotations

import asyncio
import sys
import warnings

import pytest

from portone_async import WrongLoopError
from portone_async.blocking import PortOneClient
from portone_async.testing import FakePortOne
from tests.support.scripted import UID


class Monkey:
    """Stands for the module ``gevent.monkey``."""

    def __init__(self, *patched: str) -> None:
        self._patched = patched

    def is_module_patched(self, name: str) -> bool:
        return name in self._patched


def test_call_is_refused_if_gevent_patched_after_the_import(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = PortOneClient(server.imp_key, server.imp_secret, base_url=server.url)
    monkeypatch.setitem(sys.modules, "gevent.monkey", Monkey("threading"))

    with pytest.raises(WrongLoopError, match=r"Call gevent\.monkey\.patch_all\(\) before"):
        client.payments.find(UID)
    assert server.requests == []


def test_call_works_if_gevent_is_only_imported(
    server: FakePortOne, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "gevent.monkey", Monkey())

    with PortOneClient(server.imp_key, server.imp_secret, base_url=server.url) as client:
        assert client.payments.find(UID).is_paid


def test_no_warning_if_the_running_loop_is_that_of_the_client(client: PortOneClient) -> None:
    # As with gevent: the greenlet of the loop is in the thread of all callers.
    client.payments.find(UID)
    asyncio._set_running_loop(client._engine._root.loop._loop)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            assert client.payments.find(UID).is_paid
    finally:
        asyncio._set_running_loop(None)
