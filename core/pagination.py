"""Pagination of every list of the API."""

from rest_framework.pagination import CursorPagination


class Cursor(CursorPagination):
    """Stable under inserts, and as cheap on the last page as on the first. Views name their `ordering`."""

    page_size = 20
    page_size_query_param = "page_size"
    max_page_size = 100
