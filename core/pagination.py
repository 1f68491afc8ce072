"""Pagination of every list of the API."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import DataError
from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request
from rest_framework.views import APIView


class Cursor(CursorPagination):
    """Stable under inserts, and as cheap on the last page as on the first. Views name their `ordering`."""

    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any] | None:
        """Raises NotFound for a cursor that this list never gave out."""
        try:
            return super().paginate_queryset(queryset, request, view)
        except (TypeError, ValueError, ValidationError, DataError) as error:
            # A position of the wrong type: it is looked at only when the list is filtered by it.
            if self.cursor_query_param not in request.query_params:
                raise
            raise NotFound(self.invalid_cursor_message) from error
