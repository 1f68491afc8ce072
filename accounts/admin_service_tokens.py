"""Service tokens in the admin: issued once, seen without their secret, revoked."""

import datetime
from typing import Any

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import service_tokens
from accounts.models import ServiceToken
from accounts.permissions import caller


class IssueForm(forms.ModelForm):
    scopes = forms.MultipleChoiceField(choices=lambda: settings.SERVICE_SCOPES.items())
    days = forms.IntegerField(min_value=1, max_value=366, initial=90)

    class Meta:
        model = ServiceToken
        fields = ("name", "owner", "scopes", "days")


@admin.register(ServiceToken)
class ServiceTokenAdmin(admin.ModelAdmin):
    list_display = ("name", "owner_email", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at")
    list_filter = (("revoked_at", admin.EmptyFieldListFilter), "expires_at")
    list_select_related = ("owner",)
    search_fields = ("name", "owner__email")
    autocomplete_fields = ("owner",)
    readonly_fields = ("name", "owner", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at")
    exclude = ("digest",)
    actions = ("revoke",)

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        return super().get_form(request, obj, change, **({} if obj else {"form": IssueForm}), **kwargs)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields if obj else IssueForm.Meta.fields

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields if obj else ()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description="owner", ordering="owner__email")
    def owner_email(self, token: ServiceToken) -> str:
        return token.owner.email

    def save_model(self, request: HttpRequest, obj: ServiceToken, form: Any, change: bool) -> None:
        if change:
            return
        token, secret = service_tokens.issue_token(
            owner=obj.owner,
            name=obj.name,
            scopes=form.cleaned_data["scopes"],
            lifetime=datetime.timedelta(days=form.cleaned_data["days"]),
            by=caller(request),
        )
        obj.pk = token.pk
        self.message_user(request, f"Copy the token now, it is not shown again: {secret}", messages.WARNING)

    @admin.action(description="Revoke", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ServiceToken]) -> None:
        for token in queryset.select_related("owner"):
            service_tokens.revoke_token(token=token, by=caller(request))
        self.message_user(request, f"{len(queryset)} tokens are revoked.")
