"""The keys and the options of a client: from environment variables, or from a profile."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypedDict

from portone_async._redact import Secret
from portone_async._worded import Worded
from portone_async.errors import InvalidRequestError

from .options import ClientOptions
from .validate import as_secret, require_env, validate_type

if TYPE_CHECKING:
    from portone_async._profiles import Profile

__all__ = ("chosen_profile", "from_environment", "from_named_profile", "hide_urls")

# That of the constructor, which has it in its signature for the hover of editors.
_USUAL_URL = "https://api.iamport.kr"
# Of the shop of these variables, which a profile replaces as a whole.
_OF_A_SHOP = ("PORTONE_IMP_KEY", "PORTONE_IMP_SECRET", "PORTONE_TIER")

Keys = tuple[Secret, Secret]


def from_environment(overrides: ClientOptions) -> tuple[Keys, ClientOptions]:
    """Return the keys and the options of the environment.

    Raises:
        InvalidRequestError: A variable is missing, or two of them name different shops.
    """
    hide_urls(overrides)
    name = chosen_profile(None)
    if name is not None:
        return from_named_profile(name, overrides)
    if (base_url := os.environ.get("PORTONE_BASE_URL")) and "base_url" not in overrides:
        overrides["base_url"] = as_secret(base_url)
    if (tier := os.environ.get("PORTONE_TIER")) and "tier" not in overrides:
        overrides["tier"] = tier
    return (require_env("PORTONE_IMP_KEY"), require_env("PORTONE_IMP_SECRET")), overrides


def from_named_profile(name: str | None, overrides: ClientOptions) -> tuple[Keys, ClientOptions]:
    """Return the keys and the options of a profile; ``None`` for that of ``PORTONE_PROFILE``.

    Raises:
        InvalidRequestError: There is no such profile, or it cannot be used.
    """
    hide_urls(overrides)
    profile = _load(name)
    if "base_url" not in overrides:
        _check_url(profile)
    if profile.base_url is not None:
        overrides.setdefault("base_url", profile.base_url)
    if profile.tier is not None:
        overrides.setdefault("tier", profile.tier)
    if profile.proxy is not None:
        overrides.setdefault("proxy", profile.proxy)
    return (profile.imp_key, profile.imp_secret), overrides


class _Urls(TypedDict, total=False):
    """Options of a client, of either kind, that may have a password."""

    base_url: str
    proxy: str | None


def hide_urls(options: _Urls) -> None:
    """Hide the URLs of the options in tracebacks, also in those of the caller's frame."""
    if "base_url" in options:
        options["base_url"] = as_secret(options["base_url"])
    if "proxy" in options:
        options["proxy"] = as_secret(options["proxy"])


def chosen_profile(name: str | None) -> str | None:
    """Return the profile that a client will use: the named one, or that of the environment.

    Raises:
        InvalidRequestError: None is named, and the environment has a profile and keys.
    """
    if name is not None:
        return name
    name = os.environ.get("PORTONE_PROFILE") or None
    other = next(filter(os.environ.get, _OF_A_SHOP), None)
    if name is not None and other is not None:
        raise InvalidRequestError(
            Worded(
                "PORTONE_PROFILE and {other} are both set, and may name different shops: unset one "
                "of them, or name the profile in the program or command",
                other=other,
            )
        )
    return name


def _load(name: str | None) -> Profile:
    # Few programs have profiles.
    from portone_async._profiles import DEFAULT, load_profile  # noqa: PLC0415

    name = os.environ.get("PORTONE_PROFILE") or DEFAULT if name is None else name
    return load_profile(validate_type("name", name, str))


def _check_url(profile: Profile) -> None:
    """Reject a profile that would send its requests elsewhere than the environment requires.

    A test that sets ``PORTONE_BASE_URL`` to a fake must not move money by a profile.
    """
    required = as_secret(os.environ.get("PORTONE_BASE_URL")) or None
    if required is not None and required.rstrip("/") != (profile.base_url or _USUAL_URL).rstrip(
        "/"
    ):
        raise InvalidRequestError(
            Worded(
                "PORTONE_BASE_URL is set, but the profile has another base_url: unset the variable, "
                "or write the same URL into the profile"
            )
        )
