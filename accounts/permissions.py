"""Who may use a view, by role. An admin may do what an instructor may."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from rest_framework.permissions import BasePermission

from accounts.models import Role, User


def caller(request: Any) -> User:
    """The person behind a request that permissions have let through. Raises TypeError for anybody else."""
    if not isinstance(request.user, User):
        raise TypeError("this view must not be reached without a login")
    return request.user


def has_role(user: Any, *roles: Role) -> bool:
    return isinstance(user, User) and user.is_active and user.role in roles


class IsInstructor(BasePermission):
    """Instructors and admins."""

    message = _("Only instructors may do this.")

    def has_permission(self, request: HttpRequest, view: Any) -> bool:
        return has_role(request.user, Role.INSTRUCTOR, Role.ADMIN)


class IsAdmin(BasePermission):
    """Admins."""

    message = _("Only admins may do this.")

    def has_permission(self, request: HttpRequest, view: Any) -> bool:
        return has_role(request.user, Role.ADMIN)
