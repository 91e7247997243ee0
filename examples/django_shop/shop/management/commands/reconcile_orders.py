"""``python manage.py reconcile_orders``: compare all orders with their payments at PortOne."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from django.core.management.base import BaseCommand, CommandError

from portone_async import reconcile as reconciliation
from portone_async.blocking.reconcile import reconcile
from portone_async.reconcile import Finding, Verdict

from ...models import Order
from ...portone import client


class Command(BaseCommand):
    help = "Compare all orders with their payments, and report the differences."

    def handle(self, *_: object, **__: object) -> None:
        # Orders are read and findings reported in this thread, as Django's models require.
        summary = reconcile(client, self._orders(), on_finding=self._report)
        differences = sum(summary.counts.values()) - summary.counts[Verdict.MATCHED]
        if differences:
            raise CommandError(f"{differences} order(s) differ from their payments")

    def _orders(self) -> Iterator[reconciliation.Order]:
        for order in Order.objects.order_by("pk").iterator():
            yield reconciliation.Order(order.number, Decimal(order.price))

    def _report(self, finding: Finding) -> None:
        # The order as the shop has it now.
        order = Order.objects.get(number=finding.merchant_uid)
        self.stdout.write(f"{order.number} {order.price} KRW: {finding.verdict}")
