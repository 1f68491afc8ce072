"""Errors of courses beyond those of core."""

from core.errors import DomainError


class TooLarge(DomainError):
    status = 413
    code = "file_too_large"
    title = "The file is too large"


class PreconditionRequired(DomainError):
    status = 428
    code = "precondition_required"
    title = "Send If-Match with the ETag that you read"


class PreconditionFailed(DomainError):
    status = 412
    code = "precondition_failed"
    title = "Somebody else changed this since you read it"
