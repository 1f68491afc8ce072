"""What the API says about certificates."""

from typing import Any

from rest_framework import serializers

from certificates.models import Certificate
from certificates.rendering import address


class CertificateSerializer(serializers.ModelSerializer):
    course: Any = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    verification_url = serializers.SerializerMethodField()
    pdf_ready = serializers.SerializerMethodField()

    class Meta:
        model = Certificate
        fields = [
            "serial",
            "state",
            "course",
            "course_title",
            "person_name",
            "completed_at",
            "issued_at",
            "verification_url",
            "pdf_ready",
            "pdf_sha256",
        ]
        read_only_fields = fields

    def get_verification_url(self, certificate: Certificate) -> str:
        return address(certificate.serial)

    def get_pdf_ready(self, certificate: Certificate) -> bool:
        return bool(certificate.pdf_sha256)


class GrantSerializer(serializers.Serializer):
    reason = serializers.CharField(max_length=500)
