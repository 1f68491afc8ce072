"""What a sign-up asks for beside address and password."""

import unicodedata

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest

from accounts.models import User

NAME_LENGTH = 150
REFUSED_CATEGORIES = {"Cc", "Cs", "Co", "Cn"}  # control, surrogate, private use, unassigned


def clean_name(name: str) -> str:
    """The name with outer and repeated blanks removed, in Unicode's composed form.

    Raises ValidationError when nothing is left, it is too long, or it holds characters that no script writes.
    """
    name = unicodedata.normalize("NFC", " ".join(name.split()))
    if not name:
        raise ValidationError("Enter a name.", code="required")
    if len(name) > NAME_LENGTH:
        raise ValidationError(f"A name has at most {NAME_LENGTH} characters.", code="max_length")
    if any(unicodedata.category(character) in REFUSED_CATEGORIES for character in name):
        raise ValidationError("A name can't hold control characters.", code="invalid")
    return name


class SignupForm(forms.Form):
    """ACCOUNT_SIGNUP_FORM_CLASS of allauth."""

    name = forms.CharField(max_length=NAME_LENGTH)

    def clean_name(self) -> str:
        return clean_name(self.cleaned_data["name"])

    def signup(self, request: HttpRequest, user: User) -> None:
        user.name = self.cleaned_data["name"]
        user.save(update_fields=["name"])
