"""Errors that services raise; core.problems turns each into a body. Its code is stable: clients may branch on it."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class DomainError(Exception):
    """A rule of the domain said no. `detail` is safe to show to the person who asked."""

    status = 400
    code = "bad_request"
    title: str | Promise = _("The request can't be carried out")

    def __init__(self, detail: str | Promise = "", *, code: str | None = None, **extra: Any) -> None:
        self.detail = str(detail or self.title)  # in the reader's language, whoever writes it down later
        super().__init__(self.detail)
        if code is not None:
            self.code = code
        self.extra = extra


class NotFound(DomainError):
    status = 404
    code = "not_found"
    title = _("There is no such thing, or it isn't yours to see")


class Forbidden(DomainError):
    status = 403
    code = "forbidden"
    title = _("You may not do this")


class Conflict(DomainError):
    status = 409
    code = "conflict"
    title = _("The present state doesn't allow this")


class Unprocessable(DomainError):
    status = 422
    code = "unprocessable"
    title = _("The content can't be processed")


class Unavailable(DomainError):
    """A part that this needs is out of reach; trying again later is right. `retry_after` is in seconds."""

    status = 503
    code = "unavailable"
    title = _("A part of the service is out of reach")

    def __init__(
        self, detail: str | Promise = "", *, code: str | None = None, retry_after: int = 5, **extra: Any
    ) -> None:
        super().__init__(detail, code=code, **extra)
        self.retry_after = retry_after
