"""Shapes of the accounts API."""

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from rest_framework import serializers

from accounts.forms import NAME_LENGTH, clean_name
from accounts.models import Role, User
from accounts.time_zones import time_zones


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses members it doesn't know, so that nothing seems changed that isn't."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict):
            writable = {name for name, field in self.fields.items() if not field.read_only}
            unknown = sorted(str(name) for name in set(data) - writable)
            if unknown:
                raise serializers.ValidationError({name: ["This can't be set here."] for name in unknown})
        return super().to_internal_value(data)


class NameField(serializers.CharField):
    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=NAME_LENGTH, **options)

    def to_internal_value(self, data: Any) -> str:
        try:
            return clean_name(super().to_internal_value(data))
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages) from None


class TimeZoneField(serializers.CharField):
    """A name of the IANA database, such as Europe/Berlin; empty: the site's."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=64, allow_blank=True, **options)

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if name and name not in time_zones():
            raise serializers.ValidationError("There is no such time zone.")
        return name


class MeSerializer(serializers.ModelSerializer[User]):
    id = serializers.UUIDField(source="public_id", read_only=True)
    mfa_enabled = serializers.BooleanField(read_only=True)

    class Meta:
        model = User
        fields = ["id", "email", "name", "role", "time_zone", "date_joined", "mfa_enabled"]
        read_only_fields = fields


class MeChangeSerializer(StrictSerializer):
    name = NameField()
    time_zone = TimeZoneField()


class PersonSerializer(MeSerializer):
    class Meta(MeSerializer.Meta):
        fields = [*MeSerializer.Meta.fields, "is_active", "last_activity_at"]
        read_only_fields = fields


class PersonChangeSerializer(StrictSerializer):
    name = NameField(required=False)
    role = serializers.ChoiceField(choices=Role.choices, required=False)


class NewPersonSerializer(StrictSerializer):
    email = serializers.EmailField(max_length=254)
    name = NameField()
    role = serializers.ChoiceField(choices=Role.choices, default=Role.STUDENT)
