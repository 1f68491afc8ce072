"""Errors of courses beyond those of core."""

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError


class TooLarge(DomainError):
    status = 413
    code = "file_too_large"
    title = _("The file is too large")


class PreconditionRequired(DomainError):
    status = 428
    code = "precondition_required"
    title = _("Send If-Match with the ETag that you read")


class PreconditionFailed(DomainError):
    status = 412
    code = "precondition_failed"
    title = _("Somebody else changed this since you read it")
