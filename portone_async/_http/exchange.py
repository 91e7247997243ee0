"""The interface of an exchange, and the shared headers and the reading of a body."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from typing import Protocol

import aiohttp
from aiohttp import ClientTimeout, StreamReader
from yarl import URL

from portone_async._version import __version__

from .reply import Reply

__all__ = ("Exchange", "UnsolicitedDataError", "read_reply", "shared_headers")

MAX_BODY = 32 * 2**20
"""Bytes, inflated. A page of a thousand payments is about 2 MB."""


class Exchange(Protocol):
    """One way to exchange a request for a reply."""

    async def exchange(
        self,
        method: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | None,
        timeout: ClientTimeout,  # noqa: ASYNC109 (of aiohttp)
    ) -> Reply:
        """Send a request and read the whole reply.

        Args:
            method: The HTTP method.
            target: Path and query, quoted.
            headers: The headers that are not shared by all requests.
            body: The body of the request.
            timeout: For the connection; the deadline of the reply is the caller's.

        Raises:
            ClientError: The connection cannot be made or broke, or the response is cut short.
            HttpProcessingError: The response is not HTTP.
            OSError: The connection broke.
        """
        ...


class UnsolicitedDataError(aiohttp.ClientConnectionError):
    """Unsolicited data on a pooled connection. The request was not sent."""


def shared_headers(base_url: URL) -> dict[str, str]:
    """Return every header that all requests to a host share."""
    return {
        "Host": base_url.host_port_subcomponent or "",
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
        "User-Agent": (
            f"portone-async/{__version__} aiohttp/{aiohttp.__version__} "
            f"Python/{platform.python_version()}"
        ),
    }


async def read_reply(status: int, headers: Mapping[str, str], content: StreamReader) -> Reply:
    """Read a body to its end, unless it is too large."""
    length = _length(headers)
    if content.is_eof():
        body = content.read_nowait()  # A small body has arrived with its headers.
    elif length <= MAX_BODY and hasattr(content, "set_read_chunk_size"):
        body = await _read_at_once(content, length)
    else:  # Its length is not known, or aiohttp is older than that method.
        body = await _read_in_parts(content)
    if len(body) > MAX_BODY:
        return Reply(status, headers, b"", f"a body of more than {MAX_BODY} bytes")
    return Reply(status, headers, body)


def _length(headers: Mapping[str, str]) -> int:
    """Return the number of bytes of a body, or a number above the limit if it is not known."""
    length = headers.get("Content-Length", "")
    is_exact = "Content-Encoding" not in headers and "Transfer-Encoding" not in headers
    return int(length) if is_exact and length.isdecimal() else MAX_BODY + 1


async def _read_at_once(content: StreamReader, length: int) -> bytes:
    """Read a body when all of it has arrived: the task wakes up once, not for each 64 KB."""
    begin = b""
    if content.total_bytes > content.get_read_buffer_limits()[1]:
        begin = await content.readany()  # The connection is paused, and reading resumes it.
    content.set_read_chunk_size(length)  # It is not paused again.
    if (error := content.exception()) is not None:
        raise error  # Which `wait_eof` does not do: it would wait forever.
    await content.wait_eof()
    rest = content.read_nowait()
    return begin + rest if begin else rest


async def _read_in_parts(content: StreamReader) -> bytes:
    """Read a body until its end, or until it is too large."""
    parts = [await content.readany()]
    size = len(parts[0])
    while size <= MAX_BODY and not content.at_eof():
        parts.append(await content.readany())
        size += len(parts[-1])
    return b"".join(parts)
