"""The option ``--profile`` of every command that connects to PortOne."""

from __future__ import annotations

import argparse
from gettext import gettext as _

__all__ = ("add_profile_option",)


def add_profile_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--profile`` to a parser; the command passes it to :func:`make_client`."""
    parser.add_argument(
        "--profile",
        metavar="NAME",
        help=_(
            "take the keys from this table of ~/.config/portone-async/profiles.toml, "
            "and not from the environment"
        ),
    )
