"""What templates ask: whether a person teaches, and numbers in words."""

from decimal import Decimal
from typing import Any

from django import template
from django.utils import formats
from django.utils.translation import gettext as _

from accounts.models import Role, User
from accounts.permissions import has_role
from quizzes.selectors import taught_courses

register = template.Library()


@register.filter
def teaches(user: Any) -> bool:
    """Whether the navigation leads to teaching. Only for students it costs a query: assistants are students by role."""
    if not isinstance(user, User):
        return False
    return has_role(user, Role.INSTRUCTOR, Role.ADMIN) or taught_courses(user).exists()


@register.filter
def plain(value: Decimal | None) -> str:
    """Without the zeros that the database fills up with: 7.5, not 7.5000."""
    return "–" if value is None else formats.number_format(f"{value.normalize():f}")


@register.filter
def share(value: float | None) -> str:
    """0..1 in percent; a dash for what isn't known."""
    return "–" if value is None else f"{formats.number_format(value * 100, 0)} %"


@register.filter
def duration(seconds: float | None) -> str:
    """In the largest unit that gives a number of one or more; a dash for what isn't known."""
    if seconds is None:
        return "–"
    days, hours, minutes = seconds / 86_400, seconds / 3600, seconds / 60
    if days >= 1:
        return _("%s days") % formats.number_format(days, 1)
    if hours >= 1:
        return _("%s hours") % formats.number_format(hours, 1)
    return _("%s minutes") % formats.number_format(minutes, 1)
