"""Ports of servers that tests stop and start again."""

from __future__ import annotations

import socket
from contextlib import ExitStack, suppress
from random import SystemRandom

__all__ = ("free_port", "free_ports")

_RANDOM = SystemRandom()  # Two processes may have seeded the others equally.


def free_port() -> int:
    """Return a free port below the ephemeral range: see :func:`free_ports`."""
    return free_ports(1)[0]


def free_ports(count: int) -> list[int]:
    """Return free ports below the ephemeral range.

    The system assigns an ephemeral port to another socket while the server is down; a client could
    even connect to itself.
    """
    ports: list[int] = []
    with ExitStack() as stack:
        while len(ports) < count:
            port = _RANDOM.randrange(20_000, 30_000)
            probe = stack.enter_context(socket.socket())
            with suppress(OSError):
                probe.bind(("127.0.0.1", port))
                ports.append(port)
    return ports
