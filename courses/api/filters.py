"""Filters of lists."""

import datetime
from typing import Any

import django_filters
from django.core.exceptions import ValidationError
from django_filters.fields import IsoDateTimeField

from courses.models import Course, CourseState, Enrollment, EnrollmentState


class MomentField(IsoDateTimeField):
    """In UTC: PostgreSQL refuses offsets of 16 hours and more, which Python takes."""

    def clean(self, value: Any) -> datetime.datetime | None:
        moment = super().clean(value)
        try:
            return moment and moment.astimezone(datetime.UTC)
        except OverflowError:
            raise ValidationError(self.error_messages["invalid"], code="invalid") from None


class MomentFilter(django_filters.IsoDateTimeFilter):
    field_class = MomentField


class CourseFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=CourseState.choices)
    language = django_filters.CharFilter(lookup_expr="iexact")
    teaching = django_filters.BooleanFilter(method="only_mine", label="Only courses that the caller teaches.")

    class Meta:
        model = Course
        fields = ["state", "language"]

    def only_mine(self, queryset, name, value):
        mine = Course.objects.filter(staff=self.request.user).values("pk")
        return queryset.filter(pk__in=mine) if value else queryset.exclude(pk__in=mine)


class EnrollmentFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=EnrollmentState.choices)
    course = django_filters.CharFilter(field_name="course__slug")

    class Meta:
        model = Enrollment
        fields = ["state", "course"]


class LearnerFilter(django_filters.FilterSet):
    state = django_filters.ChoiceFilter(choices=EnrollmentState.choices)
    progress_below = django_filters.NumberFilter(field_name="progress", lookup_expr="lt", min_value=0, max_value=100)
    quiet_since = MomentFilter(field_name="last_activity_at", lookup_expr="lt")

    class Meta:
        model = Enrollment
        fields = ["state"]
