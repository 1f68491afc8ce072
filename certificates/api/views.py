"""The API of certificates: for their owners, for the staff of their course, and for admins."""

from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import caller
from certificates import badges, rendering, selectors, services
from certificates.api.serializers import CertificateSerializer, GrantSerializer
from certificates.models import Certificate, IssueCause
from core.pagination import Cursor
from courses import selectors as courses
from courses.api.responses import CONFLICT, FORBIDDEN, INVALID, NOT_FOUND
from courses.permissions import require_change


class Newest(Cursor):
    ordering = ("-issued_at", "pk")


class CertificateList(generics.ListAPIView):
    """The caller's certificates, newest first; replaced ones are part of the list."""

    serializer_class = CertificateSerializer
    pagination_class = Newest
    filter_backends = []
    queryset = Certificate.objects.none()

    def get_queryset(self) -> QuerySet[Certificate]:
        return selectors.certificates_of(caller(self.request))


class CourseCertificates(generics.ListAPIView):
    """Everybody's certificates of a course, for its staff."""

    serializer_class = CertificateSerializer
    pagination_class = Newest
    filter_backends = []
    queryset = Certificate.objects.none()

    @extend_schema(
        operation_id="courses_certificates_list",
        responses={200: CertificateSerializer(many=True), 403: FORBIDDEN, 404: NOT_FOUND},
    )
    def get(self, request: Request, *args: object, **kwargs: object) -> Response:
        return super().get(request, *args, **kwargs)

    def get_queryset(self) -> QuerySet[Certificate]:
        user = caller(self.request)
        return selectors.certificates_in(user, selectors.course_by_slug(user, self.kwargs["slug"]))


class CertificateClaim(APIView):
    @extend_schema(
        operation_id="courses_certificate_claim",
        request=None,
        responses={200: CertificateSerializer, 404: NOT_FOUND, 409: CONFLICT},
    )
    def post(self, request: Request, slug: str) -> Response:
        """The caller's certificate of a course they completed: the same one however often they ask."""
        course = selectors.course_by_slug(caller(request), slug)
        enrollment = courses.enrollment_in(caller(request), course)
        certificate = services.issue(enrollment=enrollment, cause=IssueCause.CLAIMED)
        return Response(CertificateSerializer(certificate).data)


class CertificateGrant(APIView):
    @extend_schema(
        operation_id="enrollments_certificate_grant",
        request=GrantSerializer,
        responses={200: CertificateSerializer, 400: INVALID, 403: FORBIDDEN, 404: NOT_FOUND, 409: CONFLICT},
    )
    def post(self, request: Request, public_id: UUID) -> Response:
        """Give somebody the certificate of a course by hand, with a reason: for instructors of the course."""
        enrollment = selectors.enrollment_in_care_of(caller(request), public_id)
        require_change(caller(request), enrollment.course)
        sent = GrantSerializer(data=request.data)
        sent.is_valid(raise_exception=True)
        certificate = services.issue(
            enrollment=enrollment,
            cause=IssueCause.GRANTED,
            actor=caller(request),
            note=sent.validated_data["reason"],
        )
        return Response(CertificateSerializer(certificate).data)


class CertificateDetail(APIView):
    @extend_schema(operation_id="certificates_retrieve", responses={200: CertificateSerializer, 404: NOT_FOUND})
    def get(self, request: Request, serial: str) -> Response:
        return Response(CertificateSerializer(selectors.certificate_for(caller(request), serial)).data)


class CertificatePdf(APIView):
    @extend_schema(
        operation_id="certificates_pdf",
        responses={(200, "application/pdf"): OpenApiTypes.BINARY, 404: NOT_FOUND, 409: CONFLICT},
    )
    def get(self, request: Request, serial: str) -> HttpResponse:
        """The PDF of a valid certificate, byte for byte as it was issued.

        409 `not_valid`, `not_ready` (`retry_after` in seconds), or `file_changed`.
        """
        certificate = selectors.certificate_for(caller(request), serial)
        response = HttpResponse(rendering.intact_bytes(certificate), content_type="application/pdf")
        response["Content-Disposition"] = f'attachment; filename="certificate-{certificate.serial}.pdf"'
        response["Cache-Control"] = "private, no-store"
        return response


class CertificateBadge(APIView):
    @extend_schema(
        operation_id="certificates_badge",
        responses={(200, badges.MEDIA_TYPE): OpenApiTypes.STR, 404: NOT_FOUND, 409: CONFLICT},
    )
    def get(self, request: Request, serial: str) -> HttpResponse:
        """The certificate as a signed Open Badges 3.0 credential: a compact JSON Web Token, for wallets."""
        token = badges.sign(selectors.certificate_for(caller(request), serial))
        response = HttpResponse(token, content_type=badges.MEDIA_TYPE)
        response["Content-Disposition"] = 'attachment; filename="badge.jwt"'
        response["Cache-Control"] = "private, no-store"
        return response
