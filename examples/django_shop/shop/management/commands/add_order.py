"""``python manage.py add_order NUMBER PRICE``: add an order to try the example with."""

from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand

from ...models import Order


class Command(BaseCommand):
    help = "Add an order."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number")
        parser.add_argument("price", type=int)

    def handle(self, *_: object, number: str, price: int, **__: object) -> None:
        Order.objects.create(number=number, price=price)
