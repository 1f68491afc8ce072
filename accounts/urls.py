"""API of accounts."""

from django.urls import URLPattern, URLResolver, path

from accounts import api

urlpatterns: list[URLPattern | URLResolver] = [
    path("me", api.MeView.as_view(), name="me"),
    path("people", api.PeopleView.as_view(), name="people"),
    path("people/<uuid:public_id>", api.PersonView.as_view(), name="person"),
    path("people/<uuid:public_id>/deactivate", api.DeactivateView.as_view(), name="person-deactivate"),
    path("people/<uuid:public_id>/activate", api.ActivateView.as_view(), name="person-activate"),
]
