"""The option ``--proxy`` of every command that connects to PortOne."""

from __future__ import annotations

import argparse
from gettext import gettext as _

from portone_async._redact import Secret

__all__ = ("add_proxy_option",)


def add_proxy_option(parser: argparse.ArgumentParser) -> None:
    """Add ``--proxy`` to a parser."""
    parser.add_argument(
        "--proxy",
        type=Secret,  # It may contain a password.
        metavar="URL",
        help=_(
            "the proxy to PortOne, as in http://proxy.example:3128; 'env' uses HTTPS_PROXY "
            "and NO_PROXY"
        ),
    )
