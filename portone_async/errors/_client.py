"""Errors on this side of the connection: nothing was sent, or not to PortOne."""

from __future__ import annotations

from ._error import PortOneError

__all__ = (
    "CertificateError",
    "ClientClosedError",
    "InvalidRequestError",
    "InvalidWebhookError",
    "ProxyError",
    "ThrottleError",
    "UnsupportedVersionError",
    "WrongLoopError",
)


class InvalidRequestError(PortOneError, ValueError):
    """An argument can never be right: see :attr:`PortOneError.reason`. Nothing was sent."""


class ClientClosedError(PortOneError):
    """The client, or its session, is closed."""

    advice = "Make one client when the program starts and close it when the program ends."


class WrongLoopError(PortOneError):
    """The client, its session or its throttle belongs to another event loop or process.

    Nothing was sent. The program runs a second loop: another ``asyncio.run()``, a thread, a fork.
    """

    advice = (
        "Code without an event loop of its own, as Django and Flask views, Celery tasks, threads and "
        "scripts: use portone_async.blocking.PortOneClient. "
        "Otherwise keep one loop for one client, or make a client inside of each asyncio.run(). "
        "After a fork: make each throttle in its own process. "
        "AWS Lambda: one blocking client, or one asyncio.Runner beside the client, outside of the "
        "handler. "
        "Notebooks: await in the cell, without asyncio.run()."
    )


class UnsupportedVersionError(PortOneError):
    """The installed aiohttp lacks a feature that keeps tokens and responses safe. Nothing was sent."""

    advice = "Install a version of aiohttp that the metadata of portone-async allows."


class InvalidWebhookError(PortOneError, ValueError):
    """The body is not a webhook of PortOne V1: too large, not decodable, or fields are missing."""

    advice = (
        "Respond with a 400. If PortOne sent it, check that the console's webhook is one of V1."
    )


class CertificateError(PortOneError):
    """The server's certificate does not prove that it is PortOne. No token was sent."""

    advice = "Check base_url, a proxy that opens TLS, the machine's clock and its CA certificates."


class ProxyError(PortOneError):
    """The proxy refuses to connect to PortOne, by 407 or 403 for example. No token was sent.

    A proxy that cannot be reached, or answers with a 502, is a :class:`ConnectionFailedError`.
    """

    advice = (
        "Check the proxy's user name and password (only Basic is supported), "
        "and that it lets the host of base_url through."
    )


class ThrottleError(PortOneError):
    """The throttle could not grant a permit: its shared store failed, for example. Nothing was sent.

    It is not transient: PortOne has no part in it, and sending without a permit may exceed the
    limit that all processes share. Throttles of other packages may raise it, too: it ends a run.
    """

    advice = "Check that the store of the throttle runs and can be reached, then run it again."
