"""Celery tasks with the blocking client: look an order up, and refund a payment once.

In the environment of the quickstart's fake PortOne, with a broker of your own:

    cd examples
    CELERY_BROKER_URL=redis:// celery -A celery_tasks worker
    CELERY_BROKER_URL=redis:// celery -A celery_tasks call celery_tasks.is_paid --args '["ORD-PAID"]'
"""

from __future__ import annotations

import os

from celery import Celery
from celery.signals import worker_process_shutdown

from portone_async import (
    CancelRefusedError,
    OutcomeUnknownError,
    PaymentNotFoundError,
    TransientError,
)
from portone_async.blocking import PortOneClient

app = Celery("shop", broker=os.environ.get("CELERY_BROKER_URL", "memory://"))
# A task whose worker is killed is delivered again. Both tasks can be repeated, but for a refund
# that its PG may leave pending: give that one a task without these two settings.
app.conf.task_acks_late = True
app.conf.task_reject_on_worker_lost = True

# One for all tasks: each worker process that Celery forks has its own connections and token. The
# rate limit is that of one process: divide PortOne's limit by the number of processes.
client = PortOneClient.from_env()


@worker_process_shutdown.connect
def close(**_: object) -> None:
    """Close the connections of a worker process. Celery ends it without the handlers of an exit."""
    client.close()


@app.task(
    name="celery_tasks.is_paid",
    # The client has retried already: these are outages of minutes.
    autoretry_for=(TransientError,),
    retry_backoff=10,
    max_retries=8,
)
def is_paid(merchant_uid: str) -> bool:
    """Return whether an order is paid."""
    try:
        return client.payments.find(merchant_uid, status="paid").is_paid
    except PaymentNotFoundError:
        return False


@app.task(
    name="celery_tasks.refund",
    # With its key, a refund is made once however often the task runs.
    autoretry_for=(TransientError,),
    retry_backoff=60,
    max_retries=20,
)
def refund(imp_uid: str, *, amount: int, reason: str, key: str) -> int:
    """Refund a part of a payment once, and return what is refunded of it in all.

    Args:
        imp_uid: PortOne's id of the payment.
        amount: KRW.
        reason: Why, for PortOne's console.
        key: The shop's own number of this refund. The same number is the same refund.
    """
    try:
        payment = client.payments.cancel(imp_uid, amount=amount, reason=reason, key=key)
    except (CancelRefusedError, OutcomeUnknownError) as error:
        # No trace of it was found: with its key it can be repeated. The refund of a PG that may
        # leave it pending (paypal_v2, some virtual accounts) cannot: that error has no key.
        if error.key is not None:
            raise refund.retry(exc=error) from None
        raise
    return int(payment.cancel_amount)
