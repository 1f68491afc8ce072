"""The Django admin of certificates. Everything goes through the services; nothing is edited."""

from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.html import format_html

from accounts.permissions import caller
from certificates import services
from certificates.models import Certificate, CertificateChange, ReissueReason, RevocationReason
from certificates.rendering import address
from certificates.verification import Outcome, verify
from core.errors import DomainError


class ChangeInline(admin.TabularInline):
    model = CertificateChange
    fields = ["at", "from_state", "to_state", "reason", "note", "actor"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _revocation(reason: RevocationReason) -> Any:
    def revoke(model: "CertificateAdmin", request: HttpRequest, queryset: QuerySet[Certificate]) -> None:
        model.each(
            request,
            queryset,
            "revoked",
            lambda row: services.revoke(certificate=row, reason=reason, actor=caller(request)),
        )

    revoke.__name__ = f"revoke_{reason}"
    return admin.action(description=f"Revoke: {reason.label.lower()}", permissions=["change"])(revoke)


def _reissue(reason: ReissueReason) -> Any:
    def reissue(model: "CertificateAdmin", request: HttpRequest, queryset: QuerySet[Certificate]) -> None:
        model.each(
            request,
            queryset,
            "reissued",
            lambda row: services.reissue(certificate=row, reason=reason, actor=caller(request)),
        )

    reissue.__name__ = f"reissue_{reason}"
    return admin.action(description=f"Reissue: {reason.label.lower()}", permissions=["change"])(reissue)


BY_HAND = [reason for reason in RevocationReason if reason != RevocationReason.ERASED]


@admin.register(Certificate)
class CertificateAdmin(admin.ModelAdmin):
    list_display = ["serial", "user_email", "course", "state", "cause", "issued_at", "rendered_at"]
    list_filter = ["state", "cause", ("pdf", admin.EmptyFieldListFilter), "course", "issued_at"]
    list_select_related = ["user", "course"]
    search_fields = ["=serial", "user__email", "person_name", "course__title"]
    date_hierarchy = "issued_at"
    inlines = [ChangeInline]
    actions = [
        *map(_revocation, BY_HAND),
        *map(_reissue, ReissueReason),
        "resend",
        "verify_now",
        "render_again",
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Certificate | None = None) -> list[str]:
        return [*(field.name for field in Certificate._meta.fields if field.name != "pdf"), "public_page"]

    def get_exclude(self, request: HttpRequest, obj: Certificate | None = None) -> list[str]:
        return ["pdf"]

    @admin.display(description="user", ordering="user__email")
    def user_email(self, certificate: Certificate) -> str:
        return certificate.user.email

    @admin.display(description="public page")
    def public_page(self, certificate: Certificate) -> str:
        return format_html('<a href="{0}">{0}</a>', address(certificate.serial))

    @admin.action(description="Send the mail again", permissions=["change"])
    def resend(self, request: HttpRequest, queryset: QuerySet[Certificate]) -> None:
        self.each(request, queryset, "sent again", lambda row: services.resend(certificate=row))

    @admin.action(description="Render a missing or changed PDF again", permissions=["change"])
    def render_again(self, request: HttpRequest, queryset: QuerySet[Certificate]) -> None:
        self.each(request, queryset, "in the queue", lambda row: services.render_again(certificate=row))

    @admin.action(description="Verify, with the stored PDF", permissions=["view"])
    def verify_now(self, request: HttpRequest, queryset: QuerySet[Certificate]) -> None:
        for certificate in queryset:
            result = verify(certificate.serial)
            level = messages.SUCCESS if result.outcome == Outcome.VALID else messages.WARNING
            self.message_user(request, f"{certificate.serial}: {result.outcome.label}; PDF {result.file}.", level)

    def each(self, request: HttpRequest, queryset: QuerySet[Certificate], done: str, action: Any) -> None:
        """Carry out `action` for each; what a rule refuses is told and keeps the others from nothing."""
        count = 0
        for certificate in queryset:
            try:
                action(certificate)
                count += 1
            except DomainError as refusal:
                self.message_user(request, f"{certificate.serial}: {refusal.detail}", messages.WARNING)
        self.message_user(request, f"{count} certificates {done}.")
