"""Two views of the host's own, and observability's."""

from django.http import HttpRequest, HttpResponse
from django.urls import include, path
from shop.signals import sold


def sell(request: HttpRequest) -> HttpResponse:
    sold.send_robust(sender=None, kind=request.GET.get("kind", "book"))
    return HttpResponse("sold")


def crash(request: HttpRequest) -> HttpResponse:
    raise ValueError("crash")


urlpatterns = [
    path("sell", sell, name="sell"),
    path("crash", crash, name="crash"),
    path("", include("observability.urls")),
]
