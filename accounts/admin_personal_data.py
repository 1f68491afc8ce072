"""The admin's actions for a person who asks what is stored about them, or to be forgotten."""

from typing import Any

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.response import TemplateResponse

from accounts import personal_data
from accounts.models import User
from core.errors import DomainError


class PersonalDataActions(admin.ModelAdmin):
    """Mixed into the admin of people."""

    @admin.action(description="Export personal data (one person)", permissions=["change"])
    def export_data(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        people = list(queryset[:2])
        if len(people) != 1:
            self.message_user(request, "Choose one person.", messages.ERROR)
            return None
        response = JsonResponse(personal_data.export_person(person=people[0]), json_dumps_params={"indent": 2})
        response["Content-Disposition"] = f'attachment; filename="person-{people[0].public_id}.json"'
        return response

    @admin.action(description="Erase personal data", permissions=["delete"])
    def erase(self, request: HttpRequest, queryset: QuerySet[User]) -> HttpResponse | None:
        if request.POST.get("confirmed") != "yes":
            context: dict[str, Any] = {
                **admin.site.each_context(request),
                "title": "Erase personal data",
                "people": queryset,
                "opts": self.model._meta,
                "action_checkbox_name": ACTION_CHECKBOX_NAME,
            }
            return TemplateResponse(request, "accounts/admin/erase.html", context)
        erased = 0
        for person in queryset:
            try:
                personal_data.erase_person(person=person)
                erased += 1
            except DomainError as error:
                self.message_user(request, error.detail, messages.ERROR)
        self.message_user(request, f"{erased} people erased.")
        return None
