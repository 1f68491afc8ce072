"""The one view of `bench.requests`: a small JSON answer through REST framework."""

from typing import Any

from django.urls import path
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView


class Thing(APIView):
    authentication_classes: list[Any] = []
    permission_classes: list[Any] = []
    renderer_classes = [JSONRenderer]

    def get(self, request: Request, pk: int) -> Response:
        return Response({"id": pk, "name": "a thing", "tags": ["one", "two"]})


urlpatterns = [path("api/things/<int:pk>", Thing.as_view(), name="thing")]
