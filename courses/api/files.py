"""Files of courses over HTTP."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework.negotiation import BaseContentNegotiation
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import caller
from courses import selectors, services
from courses.api.responses import CONFLICT, FORBIDDEN, INVALID, NOT_FOUND, TOO_LARGE, UNPROCESSABLE
from courses.api.serializers import LessonFileSerializer
from courses.api.teaching_serializers import FileUploadSerializer
from courses.files.transfer import send
from courses.permissions import require_change


class _AnyType(BaseContentNegotiation):
    """A file has the type it has, whatever the client would rather accept; problems stay JSON."""

    def select_parser(self, request: Request, parsers: Any) -> Any:
        return parsers[0]

    def select_renderer(self, request: Request, renderers: Any, format_suffix: str | None = None) -> Any:
        return renderers[0], renderers[0].media_type


class FileDetail(APIView):
    service_scopes = {"GET": "courses:read", "DELETE": "courses:write"}

    content_negotiation_class = _AnyType

    @extend_schema(
        operation_id="files_download",
        responses={
            (200, "*/*"): OpenApiTypes.BINARY,
            (206, "*/*"): OpenApiTypes.BINARY,
            304: OpenApiResponse(description="The caller has it already."),
            404: NOT_FOUND,
            416: OpenApiResponse(description="The range lies outside of the file."),
        },
    )
    def get(self, request: Request, public_id: UUID) -> HttpResponseBase:
        """The bytes, whole or one range of them, for whoever may read what the file belongs to."""
        file = selectors.file_for(caller(request), public_id)
        return send(request, file, proxy_prefix=settings.FILES_PROXY_PREFIX)

    @extend_schema(exclude=True)
    def head(self, request: Request, public_id: UUID) -> HttpResponseBase:
        return self.get(request, public_id)

    @extend_schema(operation_id="files_delete", responses={204: None, 403: FORBIDDEN, 404: NOT_FOUND})
    def delete(self, request: Request, public_id: UUID) -> Response:
        file = selectors.file_for(caller(request), public_id)
        require_change(caller(request), file.course)
        services.delete_file(file=file)
        return Response(status=204)


class LessonFiles(APIView):
    service_scopes = {"POST": "courses:write"}

    parser_classes = [MultiPartParser]
    throttle_scope = "uploads"

    @extend_schema(
        operation_id="lessons_files_upload",
        request={"multipart/form-data": FileUploadSerializer},
        responses={
            201: LessonFileSerializer, 400: INVALID, 403: FORBIDDEN, 404: NOT_FOUND, 409: CONFLICT, 413: TOO_LARGE,
            422: UNPROCESSABLE,
        },
    )  # fmt: skip
    def post(self, request: Request, public_id: UUID) -> Response:
        """Add a file to a lesson. Its type is found in its content and must match its name."""
        lesson = selectors.lesson_for(caller(request), public_id)
        require_change(caller(request), lesson.section.course)
        form = FileUploadSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        fields = dict(form.validated_data)
        upload = fields.pop("file")
        file = services.add_file(
            course=lesson.section.course, lesson=lesson, name=upload.name, content=upload, **fields
        )
        return Response(LessonFileSerializer(file).data, status=201)
