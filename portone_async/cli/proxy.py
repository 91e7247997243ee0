"""The option ``--proxy``, of every command that talks to PortOne."""

from __future__ import annotations

import argparse
from gettext import gettext as _

from portone_async._redact import Secret

__all__ = ("add_proxy",)


def add_proxy(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--proxy",
        type=Secret,  # It may hold a password.
        metavar="URL",
        help=_(
            "the proxy to PortOne, as in http://proxy.example:3128; 'env' for that of HTTPS_PROXY "
            "and NO_PROXY"
        ),
    )
