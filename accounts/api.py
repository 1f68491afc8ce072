"""Oneself, and people for admins."""

import uuid
from typing import Any

from django.db import transaction
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import generics, pagination
from rest_framework.permissions import IsAuthenticated
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import selectors, services
from accounts.models import Role, User
from accounts.permissions import IsAdmin, caller
from accounts.serializers import (
    MeChangeSerializer,
    MeSerializer,
    NewPersonSerializer,
    PersonChangeSerializer,
    PersonSerializer,
)


class MeView(APIView):
    """Who I am."""

    permission_classes = [IsAuthenticated]

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(selectors.person(public_id=caller(request).public_id)).data)

    @extend_schema(request=MeChangeSerializer, responses=MeSerializer)
    def patch(self, request: Request) -> Response:
        change = MeChangeSerializer(data=request.data, partial=True)
        change.is_valid(raise_exception=True)
        person = selectors.person(public_id=caller(request).public_id)
        if "name" in change.validated_data:
            services.change_name(person=person, name=change.validated_data["name"])
        if "time_zone" in change.validated_data:
            services.change_time_zone(person=person, time_zone=change.validated_data["time_zone"])
        return Response(MeSerializer(person).data)


class PeopleFilter(filters.FilterSet):
    role = filters.ChoiceFilter(choices=Role.choices)
    is_active = filters.BooleanFilter()

    class Meta:
        model = User
        fields = ["role", "is_active"]


class PeoplePagination(pagination.PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 200


@extend_schema_view(get=extend_schema(summary="People, newest first"))
class PeopleView(generics.ListAPIView[User]):
    """For admins."""

    permission_classes = [IsAdmin]
    serializer_class = PersonSerializer
    pagination_class = PeoplePagination
    filterset_class = PeopleFilter
    search_fields = ["email", "name"]
    ordering_fields = ["date_joined", "email", "name", "last_activity_at"]
    queryset = selectors.people()

    @extend_schema(request=NewPersonSerializer, responses={201: PersonSerializer}, summary="Add a person")
    def post(self, request: Request) -> Response:
        """The address counts as verified; the person sets a password by "password reset"."""
        new = NewPersonSerializer(data=request.data)
        new.is_valid(raise_exception=True)
        person = services.create_person(**new.validated_data)
        return Response(PersonSerializer(selectors.person(public_id=person.public_id)).data, status=201)


class PersonView(APIView):
    """For admins."""

    permission_classes = [IsAdmin]

    @extend_schema(responses=PersonSerializer)
    def get(self, request: Request, public_id: uuid.UUID) -> Response:
        return Response(PersonSerializer(selectors.person(public_id=public_id)).data)

    @extend_schema(request=PersonChangeSerializer, responses=PersonSerializer)
    def patch(self, request: Request, public_id: uuid.UUID) -> Response:
        """A new role ends every session of the person."""
        change = PersonChangeSerializer(data=request.data, partial=True)
        change.is_valid(raise_exception=True)
        person = selectors.person(public_id=public_id)
        with transaction.atomic():
            if "name" in change.validated_data:
                services.change_name(person=person, name=change.validated_data["name"])
            if "role" in change.validated_data:
                services.change_role(person=person, role=Role(change.validated_data["role"]), by=caller(request))
        return Response(PersonSerializer(person).data)


class PersonStateView(APIView):
    """For admins."""

    permission_classes = [IsAdmin]
    change: Any = None

    @extend_schema(request=None, responses=PersonSerializer)
    def post(self, request: Request, public_id: uuid.UUID) -> Response:
        person = selectors.person(public_id=public_id)
        self.change(person=person, by=caller(request))
        return Response(PersonSerializer(person).data)


class DeactivateView(PersonStateView):
    """Ends every session of the person and refuses new ones."""

    change = staticmethod(services.deactivate)


class ActivateView(PersonStateView):
    """Undoes a deactivation."""

    change = staticmethod(services.activate)
