"""Sample bodies of the operations: one for each response that is known.

The values are invented. Where ``is_hypothesis`` is set, no such response was ever seen: a test may
check that it is tolerated, and asserts nothing about its text.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from .samples import body

__all__ = ("SAMPLES", "Sample")


class Sample(msgspec.Struct, frozen=True):
    """A response of PortOne."""

    status: int
    """The HTTP status."""
    body: dict[str, Any]
    """The envelope."""
    is_hypothesis: bool = False

    @property
    def content(self) -> bytes:
        """The body as PHP encodes it."""
        return body(self.body)


SAMPLES: dict[str, Sample] = msgspec.json.decode(
    Path(__file__).with_name("sample_bodies.json").read_bytes(), type=dict[str, Sample]
)
"""The samples by name."""
