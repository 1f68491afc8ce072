"""Reports of browsers. Without a namespace: `page-…` is what the rules of the API's error budget leave out."""

from django.urls import path

from pages import beacons

urlpatterns = [
    path("vitals", beacons.beacon, name="page-vitals"),
    path("vitals/csp", beacons.csp_report, name="page-csp-report"),
]
