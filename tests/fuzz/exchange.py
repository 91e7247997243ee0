"""Fuzz HTTP itself: both ways of an exchange read any bytes alike, and mix up no responses.

An input is the sizes of the pieces in which the bytes of a response arrive, and how the connection
ends; an empty line; the bytes::

    5 20 FIN

    HTTP/1.1 200 OK
    Content-Length: 2

    {}
"""

from __future__ import annotations

import re

from tests.support.in_memory import Ending, Piece, split
from tests.support.two_ways import assert_alike

__all__ = ("check",)

_MOST_PIECES = 30
_ENDS: dict[str, tuple[Piece, ...]] = {
    "open": (),
    "FIN": (Ending.FIN,),
    "RST": (Ending.RST,),
}


def check(data: bytes) -> None:
    """Make the exchange on both ways, and two more after it.

    Raises:
        AssertionError: They differ, or one takes a response for that of another request.
    """
    head, _, content = data.partition(b"\n\n")
    words = re.fullmatch(rb"((?:[0-9]{1,4} )*)(open|FIN|RST)", head)
    if words is None or not content:
        return
    sizes = [int(size) or 1 for size in words[1].split()][:_MOST_PIECES]
    assert_alike([*split(content, sizes), *_ENDS[words[2].decode()]])
