"""The asyncio client for PortOne V1 (formerly iamport)."""

__version__ = "0.1.0"
