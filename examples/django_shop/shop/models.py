"""The orders of the shop."""

from __future__ import annotations

from django.db import models


class Order(models.Model):
    """An order: its number at PortOne, and its price in KRW."""

    # The annotations are for type checkers, which know the fields' types only by a plugin.
    number: models.CharField[str, str] = models.CharField(max_length=40, unique=True)
    price: models.PositiveIntegerField[int, int] = models.PositiveIntegerField()
    imp_uid: models.CharField[str, str] = models.CharField(max_length=40, blank=True)
    """The payment that paid it; empty until then."""

    class Meta:
        app_label = "shop"

    def __str__(self) -> str:
        return self.number
