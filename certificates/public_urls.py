"""The public addresses of certificates."""

from django.urls import path

from certificates import public

urlpatterns = [
    path("issuer", public.issuer, name="badge-issuer"),
    path("issuer/jwks.json", public.jwks, name="badge-keys"),
    path("issuer/keys/<str:thumbprint>", public.public_key, name="badge-key"),
    path("<str:serial>", public.verification, name="certificate-verification"),
]
