"""One's own account: name, time zone, address, password, and the password again before a sensitive step."""

from allauth.account.internal.flows import manage_email, password_change
from allauth.account.internal.flows.reauthentication import (
    raise_if_reauthentication_required,
    reauthenticate_by_password,
)
from allauth.account.models import EmailAddress
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts import services
from accounts.models import User
from pages.access import destination, for_people, own_page
from pages.account_forms import ConfirmForm, NewAddressForm, PasswordForm, ProfileForm, show


@require_http_methods(["GET", "POST"])
@for_people
def account(request: HttpRequest, user: User) -> HttpResponse:
    form = ProfileForm(request.POST or None, user=user)
    if request.method == "GET" or not form.is_valid():
        return show(request, "pages/account/account.html", form)
    with transaction.atomic():
        services.change_name(person=user, name=form.cleaned_data["name"])
        services.change_time_zone(person=user, time_zone=form.cleaned_data["time_zone"])
    messages.success(request, _("Saved."))
    return redirect("pages:account")


@require_http_methods(["GET", "POST"])
@own_page("account:reauthenticate")
def confirm(request: HttpRequest, user: User) -> HttpResponse:
    form = ConfirmForm(request.POST or None, user=user)
    if request.method == "POST" and form.is_valid():
        reauthenticate_by_password(request)
        return HttpResponseRedirect(destination(request))
    return show(request, "pages/account/confirm.html", form, next=destination(request))


@require_http_methods(["GET", "POST"])
@own_page("account:change_password")
def password(request: HttpRequest, user: User) -> HttpResponse:
    form = PasswordForm(request.POST or None, user=user)
    if request.method == "GET" or not form.is_valid():
        return show(request, "pages/account/password.html", form)
    password_change.change_password(user, form.cleaned_data["new_password"])
    password_change.finalize_password_change(request, user)
    messages.success(request, _("Your password is changed. You are logged out everywhere else."))
    return redirect("pages:account")


@require_http_methods(["GET", "POST"])
@own_page("account:manage_email", form="pages:email")
def email(request: HttpRequest, user: User) -> HttpResponse:
    raise_if_reauthentication_required(request, app="allauth.account")
    form = NewAddressForm(request.POST or None, user=user)
    if request.method == "GET" or not form.is_valid():
        pending = EmailAddress.objects.filter(user=user, verified=False).first()
        return show(request, "pages/account/email.html", form, pending=pending)
    manage_email.add_email(request, form)
    messages.success(request, _("Look into your new mailbox: the address counts once its link has been followed."))
    return redirect("pages:email")
