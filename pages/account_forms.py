"""Forms of the account pages: those of allauth's API, with labels and fields for people."""

from typing import Any

from allauth.account.forms import ReauthenticateForm
from allauth.headless.account.inputs import AddEmailInput, ChangePasswordInput, SignupInput
from allauth.mfa.adapter import get_adapter
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.webauthn.forms import AddWebAuthnForm, LoginWebAuthnForm
from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from accounts.auth_views import BAD_CREDENTIAL
from accounts.forms import NAME_LENGTH, clean_name
from accounts.models import User
from accounts.time_zones import time_zones


def show(request: HttpRequest, template: str, form: forms.Form, **values: Any) -> HttpResponse:
    """The page of a form; 400 when what was sent is refused."""
    refused = form.is_bound and bool(form.errors)
    return render(request, template, {"form": form, **values}, status=400 if refused else 200)


def _email() -> forms.EmailInput:
    return forms.EmailInput(attrs={"autocomplete": "email"})


def _password(kind: str) -> forms.PasswordInput:
    return forms.PasswordInput(attrs={"autocomplete": kind})


def _code() -> forms.TextInput:
    return forms.TextInput(attrs={"autocomplete": "one-time-code", "inputmode": "numeric"})


class SignUpForm(SignupInput):
    field_order = ("name", "email", "password")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        name, email, password = (self.fields[field] for field in self.field_order)
        name.label, name.widget = _("Name"), forms.TextInput(attrs={"autocomplete": "name", "maxlength": NAME_LENGTH})
        email.label, email.widget = _("E-mail address"), _email()
        password.label, password.strip, password.widget = _("Password"), False, _password("new-password")
        password.help_text = _("At least ten characters. Several words that don't belong together are good.")


class AddressForm(forms.Form):
    email = forms.EmailField(label=_("E-mail address"), max_length=254, widget=_email())


class ProfileForm(forms.Form):
    name = forms.CharField(
        label=_("Name"), max_length=NAME_LENGTH, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    time_zone = forms.ChoiceField(label=_("Time zone"), required=False)

    def __init__(self, *arguments: Any, user: User, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.initial = {"name": user.name, "time_zone": user.time_zone}
        zones = [(zone, zone.replace("_", " ")) for zone in time_zones()]
        self.fields["time_zone"].choices = [("", _("That of this site (UTC)")), *zones]  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        return clean_name(self.cleaned_data["name"])


class ConfirmForm(ReauthenticateForm):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["password"] = forms.CharField(
            label=_("Password"), strip=False, widget=_password("current-password")
        )


class PasswordForm(ChangePasswordInput):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        current, new = self.fields["current_password"], self.fields["new_password"]
        current.label, current.strip, current.widget = _("Current password"), False, _password("current-password")
        new.label, new.strip, new.widget = _("New password"), False, _password("new-password")
        new.help_text = _("At least ten characters. Several words that don't belong together are good.")


class NewAddressForm(AddEmailInput):
    def __init__(self, *arguments: Any, user: User, **options: Any) -> None:
        super().__init__(user, *arguments, **options)
        self.fields["email"].label, self.fields["email"].widget = _("New e-mail address"), _email()


class AppForm(ActivateTOTPForm):
    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["code"].label, self.fields["code"].widget = _("Code that the app shows"), _code()


class PasskeyForm(AddWebAuthnForm):
    """`passwordless` is always asked for: a passkey here may stand for the password."""

    field_order = ("name", "credential", "passwordless")

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.fields["name"] = forms.CharField(
            label=_("Name of the passkey, such as the device it is on"), max_length=100, required=False
        )
        self.fields["passwordless"].widget = forms.HiddenInput()
        self.initial["passwordless"] = "on"


class PasskeyLoginForm(LoginWebAuthnForm):
    pass


def credential_errors(form: forms.Form) -> Any:
    """None when the form is valid. Damaged credentials are errors like wrong ones."""
    try:
        valid = form.is_valid()
    except BAD_CREDENTIAL:
        form.cleaned_data = {}
        form.add_error(None, get_adapter().validation_error("incorrect_code"))
        valid = False
    return None if valid else form.errors
