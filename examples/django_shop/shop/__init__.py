"""A shop in Django with the blocking client: a view, a webhook, a command.

In the environment of the quickstart's fake PortOne:

    cd examples/django_shop
    python manage.py migrate --run-syncdb
    python manage.py add_order ORD-PAID 15000
    python manage.py runserver
    curl -X POST 127.0.0.1:8000/orders/ORD-PAID/check
"""
