"""The views: whether an order is paid, and the webhooks."""

from __future__ import annotations

import logging

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from portone_async import (
    InvalidWebhookError,
    NotFoundError,
    Payment,
    PaymentMismatchError,
    PaymentNotFoundError,
)
from portone_async.blocking.webhook import verify_webhook
from portone_async.webhook import parse_webhook

from .models import Order
from .portone import client

log = logging.getLogger(__name__)


@csrf_exempt  # Called by the shop's own servers, which have no cookie.
@require_POST
def check(_: HttpRequest, number: str) -> HttpResponse:
    """Look an order up at PortOne, and answer whether it is paid.

    Any other error than these is a 500: whether the order is paid is unknown then.
    """
    order = get_object_or_404(Order, number=number)
    try:
        payment = client.payments.verify(order.number, amount=order.price)
    except PaymentNotFoundError:
        return JsonResponse({"number": number, "is_paid": False})
    except PaymentMismatchError as error:
        log.warning("order %s differs from its payment: %s", number, error)
        return JsonResponse({"number": number, "is_paid": False}, status=409)
    mark_paid(order, payment)
    return JsonResponse({"number": number, "is_paid": True})


@csrf_exempt  # PortOne has no cookie of the shop. The look-up makes the webhook safe.
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """Verify a webhook by a look-up. A repeated one changes nothing."""
    try:
        event = parse_webhook(request.body, request.content_type)
        order = Order.objects.get(number=event.merchant_uid)
        payment = verify_webhook(client, event, merchant_uid=order.number, amount=order.price)
    except InvalidWebhookError as error:
        log.warning("rejected a webhook: %s", error)
        return HttpResponse(status=400)
    except (Order.DoesNotExist, NotFoundError, PaymentMismatchError) as error:
        log.warning("rejected a webhook: %s", error)
        return HttpResponse(status=409)
    if payment.is_paid:
        mark_paid(order, payment)
    return HttpResponse(status=204)


def mark_paid(order: Order, payment: Payment) -> None:
    """Record the payment of an order, once."""
    Order.objects.filter(pk=order.pk, imp_uid="").update(imp_uid=payment.imp_uid)
    order.refresh_from_db()
    if order.imp_uid != payment.imp_uid:
        log.warning("order %s has a payment too many, %s: look at it", order, payment.imp_uid)
