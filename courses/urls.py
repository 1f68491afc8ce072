"""API of courses."""

from django.urls import path

from courses.api import views

urlpatterns = [
    path("courses", views.CourseList.as_view(), name="courses"),
    path("courses/<slug:slug>", views.CourseDetail.as_view(), name="course"),
    path("courses/<slug:slug>/outline", views.CourseOutline.as_view(), name="course-outline"),
    path("courses/<slug:slug>/enrollment", views.CourseEnrollment.as_view(), name="course-enrollment"),
    path("enrollments", views.EnrollmentList.as_view(), name="enrollments"),
    path("enrollments/<uuid:public_id>", views.EnrollmentDetail.as_view(), name="enrollment"),
    path("lessons/<uuid:public_id>", views.LessonDetail.as_view(), name="lesson"),
    path("lessons/<uuid:public_id>/completion", views.LessonCompletion.as_view(), name="lesson-completion"),
]
