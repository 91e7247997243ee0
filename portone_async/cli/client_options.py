"""The options ``--profile`` and ``--proxy`` of every command that connects to PortOne."""

from __future__ import annotations

import argparse
from gettext import gettext as _

from portone_async._redact import Secret

__all__ = ("add_client_options",)


def add_client_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the client, which the command passes to :func:`make_client`."""
    parser.add_argument(
        "--profile",
        metavar="NAME",
        help=_(
            "take the keys from this table of ~/.config/portone-async/profiles.toml, "
            "and not from the environment"
        ),
    )
    parser.add_argument(
        "--proxy",
        type=Secret,  # It may contain a password.
        metavar="URL",
        help=_(
            "the proxy to PortOne, as in http://proxy.example:3128; 'env' uses HTTPS_PROXY "
            "and NO_PROXY"
        ),
    )
