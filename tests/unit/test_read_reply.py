"""Test how a body is read from aiohttp's stream, however much of it came with its head."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from aiohttp import StreamReader
from aiohttp.base_protocol import BaseProtocol

from portone_async._http.exchange import read_reply
from portone_async._http.reply import Reply

_LIMIT = 1000
_BODY = bytes(range(256)) * 40
_HEADERS: dict[str, dict[str, str]] = {
    "length": {"Content-Length": str(len(_BODY))},
    "no length": {},
    "encoded": {"Content-Length": "7", "Content-Encoding": "gzip"},
}


class _Protocol(BaseProtocol):
    """A connection whose peer sends only while it is not paused."""

    def __init__(self) -> None:
        super().__init__(asyncio.get_running_loop())
        self.connection_made(asyncio.Transport())
        self.paused: list[bool] = []

    def pause_reading(self) -> None:
        self.paused.append(True)
        self._reading_paused = True

    def resume_reading(self, *_: Any, **__: Any) -> None:
        self.paused.append(False)
        self._reading_paused = False


def _stream(protocol: _Protocol) -> StreamReader:
    return StreamReader(protocol, limit=_LIMIT, loop=asyncio.get_running_loop())


@pytest.mark.parametrize("headers", _HEADERS.values(), ids=_HEADERS)
@pytest.mark.parametrize("early", [0, 1, _LIMIT, 2 * _LIMIT + 1, len(_BODY) - 1, len(_BODY)])
async def test_body_is_read_whole(headers: dict[str, str], early: int) -> None:
    protocol = _Protocol()
    content = _stream(protocol)
    content.feed_data(_BODY[:early])
    reading = asyncio.create_task(read_reply(200, headers, content))
    await asyncio.sleep(0)

    # The peer sends the rest only if the reader lets it.
    assert protocol.paused[-1:] in ([], [False])
    content.feed_data(_BODY[early:])
    content.feed_eof()

    reply = await reading
    assert isinstance(reply, Reply)
    assert reply.body == _BODY


class _Counted(StreamReader):
    """Counts the reads that return what has come."""

    reads = 0

    async def readany(self) -> bytes:
        self.reads += 1
        return await super().readany()


@pytest.mark.skipif(
    not hasattr(StreamReader, "set_read_chunk_size"), reason="aiohttp before 3.13 reads in parts"
)
async def test_body_of_known_length_is_read_at_once() -> None:
    content = _Counted(_Protocol(), limit=_LIMIT, loop=asyncio.get_running_loop())
    reading = asyncio.create_task(read_reply(200, _HEADERS["length"], content))
    for at in range(0, len(_BODY), 100):
        await asyncio.sleep(0)
        content.feed_data(_BODY[at : at + 100])
    content.feed_eof()

    assert isinstance(await reading, Reply)
    assert content.reads == 0


@pytest.mark.parametrize("headers", _HEADERS.values(), ids=_HEADERS)
@pytest.mark.parametrize("has_begun", [True, False])
async def test_broken_body_raises_its_error(headers: dict[str, str], *, has_begun: bool) -> None:
    content = _stream(_Protocol())
    content.feed_data(_BODY[:10])
    reading = asyncio.create_task(read_reply(200, headers, content))
    if has_begun:
        await asyncio.sleep(0)
    content.set_exception(ConnectionResetError())

    async with asyncio.timeout(60):
        with pytest.raises(ConnectionResetError):
            await reading
