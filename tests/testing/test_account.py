"""The state of an account, and the sections that use it."""

from __future__ import annotations

import pkgutil
from collections import Counter
from importlib import import_module

from portone_async.testing import FakePortOne, endpoints
from portone_async.testing.account import Account
from tests.support.fake_account import fake_account


class Section:
    """The state of a section that the account does not know."""

    def __init__(self, account: Account) -> None:
        self.account = account


def test_state_of_a_section_is_created_once_per_account() -> None:
    first, second = fake_account(), fake_account()

    assert first.state(Section) is first.state(Section)
    assert first.state(Section) is not second.state(Section)
    assert first.state(Section).account is first


def test_every_section_is_listed() -> None:
    names = [module.name for module in pkgutil.iter_modules(endpoints.__path__)]
    modules = [import_module(f"{endpoints.__name__}.{name}") for name in names]
    # A module that two sections share has none.
    routes = [route for module in modules for route in getattr(module, "ROUTES", ())]
    assert Counter((r.method, r.path) for r in endpoints.ROUTES) == Counter(
        (r.method, r.path) for r in routes
    )


def test_every_endpoint_has_one_route() -> None:
    counts = Counter((route.method, route.path) for route in endpoints.ROUTES)
    assert set(counts.values()) == {1}


def test_shortcuts_of_the_server_change_its_payments() -> None:
    server = FakePortOne()
    server.add(imp_uid="imp_1", merchant_uid="o", amount=1)
    server.add_many([{"imp_uid": "imp_2"}])
    assert len(server.payments) == 2

    assert server.update("imp_1", amount=2).amount == 2
    assert [entry.record["amount"] for entry in server.payments.of_order("o")] == [2]
    server.remove("imp_1")
    assert server.payments.get("imp_1") is None
