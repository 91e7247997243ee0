"""Decoders of one response that are tried one after the other."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec

__all__ = ("FirstOf",)


class FirstOf:
    """Decodes a body as the first type that it matches.

    Only the last type converts values, as text to a number: the others match what is exactly of
    their types, so that each of them may have a shorter way to the same result.
    """

    def __init__(self, types: Sequence[Any]) -> None:
        *exact, last = types
        self._exact = [msgspec.json.Decoder(kind) for kind in exact]
        self._last = msgspec.json.Decoder(last, strict=False)

    def decode(self, body: bytes) -> Any:
        """Decode a body.

        Raises:
            DecodeError: It is not JSON, or does not match the last type.
            RecursionError: It is nested too deeply.
        """
        for decoder in self._exact:
            with suppress(msgspec.ValidationError):
                return decoder.decode(body)
        return self._last.decode(body)
