"""API of analytics."""

from django.urls import path

from analytics.api import views

urlpatterns = [
    path("courses/<slug:slug>/analytics", views.CourseAnalytics.as_view(), name="course-analytics"),
    path("courses/<slug:slug>/engagement", views.CourseEngagement.as_view(), name="course-engagement"),
    path("courses/<slug:slug>/learners.csv", views.CourseLearnersExport.as_view(), name="course-learners-csv"),
    path("analytics/workload", views.OwnWorkload.as_view(), name="own-workload"),
    path("analytics/workloads", views.WorkloadList.as_view(), name="workloads"),
    path("analytics/platform", views.Platform.as_view(), name="platform"),
]
