"""The endpoints, one module each with its ``ROUTES``.

A new one is a module here and a line below. State of its own is a class that it hands to
``shop.state()``.
"""

from __future__ import annotations

from portone_async.testing.route import Route

from . import codes, listing, lookup, prepare, users

__all__ = ("ROUTES",)

ROUTES: tuple[Route, ...] = (
    *users.ROUTES,
    *lookup.ROUTES,
    *listing.ROUTES,
    *prepare.ROUTES,
    *codes.ROUTES,
)
