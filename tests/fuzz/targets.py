"""The fuzz targets: each takes any bytes, and raises when a promise is broken."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from . import exchange, orders, reply, response, webhook

__all__ = ("CORPUS", "TARGETS", "inputs")

CORPUS = Path(__file__).parent / "corpus"

TARGETS: dict[str, Callable[[bytes], None]] = {
    "exchange": exchange.check,
    "orders": orders.check,
    "reply": reply.check,
    "response": response.check,
    "webhook": webhook.check,
}


def inputs(target: str) -> list[Path]:
    """Return the stored inputs: formats, oddities, and every input that once failed a check."""
    return sorted((CORPUS / target).iterdir())
