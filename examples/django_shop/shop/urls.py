"""The addresses of the views."""

from __future__ import annotations

from django.urls import path

from .views import check, webhook

urlpatterns = [
    path("orders/<str:number>/check", check),
    path("webhooks/portone", webhook),
]
