"""People and roles for those who support them. Every change of role or state goes through the services."""

from typing import Any

from allauth.account.models import EmailAddress
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.forms import AdminUserCreationForm, UserChangeForm
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest

from accounts import forms as account_forms
from accounts import selectors, services
from accounts.admin_personal_data import PersonalDataActions
from accounts.admin_service_tokens import ServiceTokenAdmin  # noqa: F401  registers by being imported
from accounts.models import Role, User
from accounts.permissions import caller
from core.errors import DomainError

admin.site.unregister(Group)  # roles decide here; permissions by group would be a second truth


class PersonChangeForm(UserChangeForm):
    class Meta:
        model = User
        fields = "__all__"

    def clean_name(self) -> str:
        name = self.cleaned_data["name"]
        return account_forms.clean_name(name) if name else name

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        loses_admin = data.get("role", Role.ADMIN) != Role.ADMIN or not data.get("is_active", True)
        if loses_admin and self.instance.pk:
            try:
                services.ensure_admin_remains(without=User.objects.get(pk=self.instance.pk))
            except DomainError as error:
                raise ValidationError(error.detail) from None
        return data


class PersonAddForm(AdminUserCreationForm):
    """Without a password the person sets one by "password reset"."""

    class Meta:
        model = User
        fields = ("email", "name", "role")

    def clean_email(self) -> str:
        email = self.cleaned_data["email"].lower()
        if User.objects.filter(email__iexact=email).exists():
            raise ValidationError("There is a person with this address already.", code="email_taken")
        return email

    def clean_name(self) -> str:
        return account_forms.clean_name(self.cleaned_data["name"])


class AddressInline(admin.TabularInline):
    model = EmailAddress
    extra = 0
    fields = readonly_fields = ("email", "verified", "primary")
    can_delete = False
    verbose_name_plural = "verified addresses"

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(User)
class PersonAdmin(PersonalDataActions, UserAdmin):
    form = PersonChangeForm
    add_form = PersonAddForm
    list_display = ("email", "name", "role", "is_active", "has_second_factor", "last_login", "last_activity_at")
    list_filter = ("role", "is_active", ("last_login", admin.EmptyFieldListFilter), "date_joined")
    search_fields = ("email", "name", "=public_id")
    ordering = ("-date_joined",)
    date_hierarchy = None
    filter_horizontal = ()
    list_per_page = 50
    show_full_result_count = False
    readonly_fields = ("email", "public_id", "date_joined", "last_login", "last_activity_at", "has_second_factor")
    fieldsets = (
        (None, {"fields": ("email", "name", "password")}),
        ("Role and state", {"fields": ("role", "is_active")}),
        ("Facts", {"fields": ("public_id", "date_joined", "last_login", "last_activity_at", "has_second_factor")}),
    )
    add_fieldsets = (
        (
            None,
            {"fields": ("email", "name", "role", "usable_password", "password1", "password2"), "classes": ("wide",)},
        ),
    )
    inlines = (AddressInline,)
    actions = (
        "make_student",
        "make_instructor",
        "make_admin",
        "deactivate",
        "activate",
        "end_sessions",
        "export_data",
        "erase",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[User]:
        return selectors.people().order_by(*self.get_ordering(request))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return self.readonly_fields if obj else ()

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        return self.inlines if obj else ()

    @admin.display(boolean=True, description="second factor", ordering="mfa_enabled")
    def has_second_factor(self, person: User) -> bool:
        return bool(getattr(person, "mfa_enabled", False))

    def save_model(self, request: HttpRequest, obj: User, form: forms.ModelForm, change: bool) -> None:
        if not change:
            super().save_model(request, obj, form, change)
            obj.trust_address()
            return
        wanted_role, wanted_state = Role(obj.role), obj.is_active
        person = User.objects.get(pk=obj.pk)
        try:
            if "name" in form.changed_data:
                services.change_name(person=person, name=obj.name)
            if "role" in form.changed_data:
                services.change_role(person=person, role=wanted_role, by=caller(request))
            if "is_active" in form.changed_data:
                change_state = services.activate if wanted_state else services.deactivate
                change_state(person=person, by=caller(request))
        except DomainError as error:
            self.message_user(request, error.detail, messages.ERROR)

    def _for_each(self, request: HttpRequest, people: QuerySet[User], what: str, change: Any) -> None:
        done = 0
        for person in people:
            try:
                change(person)
                done += 1
            except DomainError as error:
                self.message_user(request, f"{person.email}: {error.detail}", messages.ERROR)
        self.message_user(request, f"{done} people: {what}.")

    def _give_role(self, request: HttpRequest, people: QuerySet[User], role: Role) -> None:
        def change(person: User) -> None:
            services.change_role(person=person, role=role, by=caller(request))

        self._for_each(request, people, f"role {role.label.lower()}", change)

    @admin.action(description="Make student", permissions=["change"])
    def make_student(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._give_role(request, queryset, Role.STUDENT)

    @admin.action(description="Make instructor", permissions=["change"])
    def make_instructor(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._give_role(request, queryset, Role.INSTRUCTOR)

    @admin.action(description="Make admin", permissions=["change"])
    def make_admin(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._give_role(request, queryset, Role.ADMIN)

    @admin.action(description="Deactivate", permissions=["change"])
    def deactivate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._for_each(request, queryset, "deactivated", lambda p: services.deactivate(person=p, by=caller(request)))

    @admin.action(description="Activate", permissions=["change"])
    def activate(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._for_each(request, queryset, "activated", lambda p: services.activate(person=p, by=caller(request)))

    @admin.action(description="Log out everywhere", permissions=["change"])
    def end_sessions(self, request: HttpRequest, queryset: QuerySet[User]) -> None:
        self._for_each(request, queryset, "logged out everywhere", lambda p: services.end_sessions(person=p))
