"""API of certificates."""

from django.urls import path

from certificates.api import views

urlpatterns = [
    path("certificates", views.CertificateList.as_view(), name="certificates"),
    path("certificates/<str:serial>", views.CertificateDetail.as_view(), name="certificate"),
    path("certificates/<str:serial>/pdf", views.CertificatePdf.as_view(), name="certificate-pdf"),
    path("certificates/<str:serial>/badge", views.CertificateBadge.as_view(), name="certificate-badge"),
    path("courses/<slug:slug>/certificate", views.CertificateClaim.as_view(), name="course-certificate"),
    path("courses/<slug:slug>/certificates", views.CourseCertificates.as_view(), name="course-certificates"),
    path("enrollments/<uuid:public_id>/certificate", views.CertificateGrant.as_view(), name="enrollment-certificate"),
]
