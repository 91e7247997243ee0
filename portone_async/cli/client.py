"""The client of a command, with the keys of ``--profile`` or of the environment."""

from __future__ import annotations

from typing import TypeVar, Unpack

from portone_async.client import ClientOptions, PortOneClient

__all__ = ("make_client",)

Client = TypeVar("Client", bound=PortOneClient)


def make_client(
    kind: type[Client], profile: str | None, **options: Unpack[ClientOptions]
) -> Client:
    """Create a client.

    Args:
        kind: The class of the client.
        profile: The name of the profile; ``None`` for the environment, which may name one.
        **options: Its options. A ``proxy`` of ``None`` is that of the profile.

    Raises:
        InvalidRequestError: The keys are missing or ambiguous, or an option is invalid.
    """
    if options.get("proxy") is None:
        options.pop("proxy", None)
    if profile is None:
        return kind.from_env(**options)
    return kind.from_profile(profile, **options)
